// Keys of the details of SMB 1 logons without security tokens.
import { defineFields } from '../fields.ts';

export const detailFields = defineFields({
  response: ['string', 'MS-CIFS 2.2.4.53.1', 'How the password was proven: `clear-text` or `challenge-response`.'],
  nativeOs: ['string', 'MS-CIFS 2.2.4.53.1', "Client's operating system, as it says."],
  nativeLanMan: ['string', 'MS-CIFS 2.2.4.53.1', "Client's LAN manager, as it says."],
});
