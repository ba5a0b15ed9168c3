// Keys of the details of SMB activities. SMB has no message lines of its own yet: what it carries says its own.
import { defineFields } from '../fields.ts';

export const messageFields = defineFields({});

export const detailFields = defineFields({
  responseKind: [
    'string',
    'MS-CIFS 2.2.4.53.1',
    'How the client proved itself: lm, ntlm, ntlmv2, plain (the password in clear text) or none.',
  ],
  clearText: ['boolean', 'MS-CIFS 2.2.4.53.1', 'The password went in clear text.'],
  guest: ['boolean', 'MS-CIFS 2.2.4.53.2', 'The server took the client for a guest.'],
  nativeOs: ['string', 'MS-CIFS 2.2.4.53.1', "The client's operating system."],
  nativeLanMan: ['string', 'MS-CIFS 2.2.4.53.1', "The client's LAN manager."],
  serverOs: ['string', 'MS-CIFS 2.2.4.53.2', "The server's operating system."],
  serverLanMan: ['string', 'MS-CIFS 2.2.4.53.2', "The server's LAN manager."],
  retransmissions: ['integer', 'adtap', 'Repetitions of the request.'],
});
