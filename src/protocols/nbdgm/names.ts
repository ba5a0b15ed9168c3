// Numbers of NetBIOS datagrams (RFC 1002 4.4.1) and of browser messages (MS-BRWS 2.2).
export const DATAGRAM_TYPES: Readonly<Record<number, string>> = { 16: 'direct-unique', 17: 'direct-group', 18: 'broadcast' };

export const HOST_ANNOUNCEMENT = 1;
export const ANNOUNCEMENT_REQUEST = 2;
export const ELECTION = 8;
export const BACKUP_LIST_REQUEST = 9;
export const BACKUP_LIST_RESPONSE = 10;
export const BECOME_BACKUP = 11;
export const DOMAIN_ANNOUNCEMENT = 12;
export const MASTER_ANNOUNCEMENT = 13;
export const RESET = 14;
export const LOCAL_MASTER_ANNOUNCEMENT = 15;

export const COMMANDS: Readonly<Record<number, string>> = {
  [HOST_ANNOUNCEMENT]: 'host-announcement',
  [ANNOUNCEMENT_REQUEST]: 'announcement-request',
  [ELECTION]: 'election',
  [BACKUP_LIST_REQUEST]: 'backup-list-request',
  [BACKUP_LIST_RESPONSE]: 'backup-list-response',
  [BECOME_BACKUP]: 'become-backup',
  [DOMAIN_ANNOUNCEMENT]: 'domain-announcement',
  [MASTER_ANNOUNCEMENT]: 'master-announcement',
  [RESET]: 'reset',
  [LOCAL_MASTER_ANNOUNCEMENT]: 'local-master-announcement',
};

/** Bits of ServerType: Windows NT, and what Samba says beside it. */
export const SERVER_NT = 0x1000;
export const SERVER_UNIX = 0x0800;
