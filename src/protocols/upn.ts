// User principal names: an account's name and, behind the last @, the name of a domain (MS-ADTS 5.1.1.1.1; enterprise names of
// RFC 6806 5).

/** Both parts; the second is empty where there is none. */
export function splitUpn(name: string): readonly [account: string, suffix: string] {
  const at = name.lastIndexOf('@');
  return at > 0 ? [name.slice(0, at), name.slice(at + 1)] : [name, ''];
}

/** A user and their domain in one, however the name was given: the domain that is told beside it stands for the name's own. */
export function userAt(name: string, domain: string): string {
  const [account, suffix] = splitUpn(name);
  const at = domain || suffix;
  return at === '' ? account : `${account}@${at}`;
}
