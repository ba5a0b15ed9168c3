// The writers of all protocols, over one domain.
import type { World } from '../world.ts';
import { DceRpcMessages } from './dcerpc.ts';
import { KerberosMessages } from './kerberos.ts';
import { LdapMessages } from './ldap.ts';
import { NtlmMessages } from './ntlm.ts';
import { Smb2Messages } from './smb2.ts';
import { TlsMessages } from './tls.ts';
import { Tokens } from './tokens.ts';

export interface Messages {
  readonly kerberos: KerberosMessages;
  readonly tokens: Tokens;
  readonly ldap: LdapMessages;
  readonly ntlm: NtlmMessages;
  readonly smb2: Smb2Messages;
  readonly dcerpc: DceRpcMessages;
  readonly tls: TlsMessages;
}

export function messagesOf(world: World, startSeconds: number): Messages {
  const kerberos = new KerberosMessages(world, startSeconds);
  const tokens = new Tokens(world, kerberos);
  return {
    kerberos,
    tokens,
    ldap: new LdapMessages(world, tokens),
    ntlm: new NtlmMessages(world),
    smb2: new Smb2Messages(world),
    dcerpc: new DceRpcMessages(world, tokens),
    tls: new TlsMessages(world),
  };
}
