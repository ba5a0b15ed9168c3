// Numbers of DHCP: message types (RFC 2132 9.6, RFC 4388) and options (RFC 2132, RFC 4702).
export const DISCOVER = 1;
export const OFFER = 2;
export const REQUEST = 3;
export const DECLINE = 4;
export const ACK = 5;
export const NAK = 6;
export const RELEASE = 7;
export const INFORM = 8;

export const TYPE_NAMES: Readonly<Record<number, string>> = {
  [DISCOVER]: 'DISCOVER',
  [OFFER]: 'OFFER',
  [REQUEST]: 'REQUEST',
  [DECLINE]: 'DECLINE',
  [ACK]: 'ACK',
  [NAK]: 'NAK',
  [RELEASE]: 'RELEASE',
  [INFORM]: 'INFORM',
};

export const PAD = 0;
export const HOST_NAME = 12;
export const DOMAIN_NAME = 15;
export const REQUESTED_ADDRESS = 50;
export const LEASE_TIME = 51;
export const OVERLOAD = 52;
export const MESSAGE_TYPE = 53;
export const SERVER_ID = 54;
export const VENDOR_CLASS = 60;
export const CLIENT_FQDN = 81;
export const END = 255;

/** Bit E of option 81: the name is in the form of RFC 1035, not ASCII (RFC 4702 2.1). */
export const FQDN_ENCODED = 0x04;
