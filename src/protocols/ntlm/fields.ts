// Keys of NTLM messages and of the details of NTLM logons.
import { defineFields } from '../fields.ts';

const serverNames = {
  nbComputerName: ['string', 'MS-NLMP 2.2.2.1', 'NetBIOS name of the server.'],
  nbDomainName: ['string', 'MS-NLMP 2.2.2.1', 'NetBIOS name of its domain.'],
  dnsComputerName: ['string', 'MS-NLMP 2.2.2.1', 'DNS name of the server.'],
  dnsDomainName: ['string', 'MS-NLMP 2.2.2.1', 'DNS name of its domain.'],
  dnsTreeName: ['string', 'MS-NLMP 2.2.2.1', 'DNS name of its forest.'],
} as const;

export const messageFields = defineFields({
  msgType: ['string', 'MS-NLMP 2.2.1', 'NEGOTIATE, CHALLENGE or AUTHENTICATE.'],
  domain: ['string', 'MS-NLMP 2.2.1.1', 'Domain of the client or the account.'],
  user: ['string', 'MS-NLMP 2.2.1.3', 'Account.'],
  workstation: ['string', 'MS-NLMP 2.2.1.3', 'Computer that the client says it is.'],
  targetName: ['string', 'MS-NLMP 2.2.1.2', 'Name of the server or its domain.'],
  ...serverNames,
  flags: ['integer', 'MS-NLMP 2.2.2.5', 'NegotiateFlags.'],
  version: ['string', 'MS-NLMP 2.2.2.10', "Version of the sender's operating system."],
  ntlmVersion: ['string', 'MS-NLMP 3.3', 'NTLMv1, NTLMv1-ESS, NTLMv2 or LM.'],
  hasMic: ['boolean', 'MS-NLMP 2.2.1.3', 'A message integrity code is there.'],
  targetSpn: ['string', 'MS-NLMP 2.2.2.1', 'Service that the client meant to reach (MsvAvTargetName).'],
});

export const detailFields = defineFields({
  challengeId: ['string', 'adtap', 'Keyed hash of the server challenge: ties the three messages together.'],
  workstation: ['string', 'MS-NLMP 2.2.1.3', 'Computer that the client says it is.'],
  ntlmVersion: ['string', 'MS-NLMP 3.3', 'NTLMv1, NTLMv1-ESS, NTLMv2 or LM.'],
  flags: ['string[]', 'MS-NLMP 2.2.2.5', 'NegotiateFlags of the AUTHENTICATE message.'],
  hasMic: ['boolean', 'MS-NLMP 2.2.1.3', 'A message integrity code is there.'],
  channelBindings: ['boolean', 'MS-NLMP 2.2.2.1', 'Bound to a TLS channel.'],
  clientVersion: ['string', 'MS-NLMP 2.2.2.10', "Version of the client's operating system."],
  serverVersion: ['string', 'MS-NLMP 2.2.2.10', "Version of the server's operating system."],
  targetSpn: ['string', 'MS-NLMP 2.2.2.1', 'Service that the client meant to reach (MsvAvTargetName).'],
  targetName: ['string', 'MS-NLMP 2.2.1.2', 'Name of the server or its domain.'],
  ...serverNames,
});
