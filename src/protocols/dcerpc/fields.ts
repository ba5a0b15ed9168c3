// DCE/RPC is a carrier only: its authentication is said by the ntlm and kerberos rooms, so it has no keys of its own.
import { defineFields } from '../fields.ts';

export const messageFields = defineFields({});
export const detailFields = defineFields({});
