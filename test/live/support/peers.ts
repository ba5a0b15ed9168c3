// Servers that nobody here wrote, to be asked for their names: Samba's nmbd and endpoint mapper, xrdp, bind. They live in a
// network namespace of their own behind a virtual cable; their files are in a folder that goes with them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ip } from './net.ts';

export const PEER = {
  name: 'MEM1',
  domain: 'LAB',
  fqdn: 'mem1.lab.example',
  ipv4: '10.99.1.20',
  ipv6: 'fd99:0:0:1::20',
} as const;
/** More addresses of the same machine: of the DNS server, and one where nothing answers for any name. */
export const DNS = { ipv4: '10.99.1.53', ipv6: 'fd99:0:0:1::53' } as const;
export const OURS = { ipv4: '10.99.1.5', ipv6: 'fd99:0:0:1::5' } as const;
/** A network behind it that its router says is not reachable. */
export const BEYOND = '10.99.3.0/24';
const NAMESPACE = 'nnr-peers';
const OUTSIDE = 'nnr0';
const START_SECONDS = 20;

export class Peers {
  readonly folder = mkdtempSync(join(tmpdir(), 'adtap-peers-'));
  readonly #children: ChildProcess[] = [];

  /** The cable and the addresses; servers come one by one. */
  constructor(others: readonly string[]) {
    if (process.env['ADTAP_LIVE'] !== '1') throw new Error('live tests run in a namespace of their own: npm run test:live');
    ip('netns', 'add', NAMESPACE);
    ip('link', 'add', OUTSIDE, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', NAMESPACE);
    ip('link', 'set', OUTSIDE, 'up');
    ip('-n', NAMESPACE, 'link', 'set', 'lo', 'up');
    ip('-n', NAMESPACE, 'link', 'set', 'eth0', 'up');
    ip('addr', 'add', `${OURS.ipv4}/24`, 'dev', OUTSIDE);
    ip('addr', 'add', `${OURS.ipv6}/64`, 'dev', OUTSIDE, 'nodad');
    for (const address of [PEER.ipv4, DNS.ipv4, ...others.filter((one) => !one.includes(':'))])
      ip('-n', NAMESPACE, 'addr', 'add', `${address}/24`, 'brd', '+', 'dev', 'eth0');
    for (const address of [PEER.ipv6, DNS.ipv6, ...others.filter((one) => one.includes(':'))])
      ip('-n', NAMESPACE, 'addr', 'add', `${address}/64`, 'dev', 'eth0', 'nodad');
    // A router that answers for a network which is not there.
    execFileSync('ip', ['netns', 'exec', NAMESPACE, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
    ip('-n', NAMESPACE, 'route', 'add', 'unreachable', BEYOND);
    ip('route', 'add', BEYOND, 'via', PEER.ipv4);
  }

  /** nmbd (137) and samba-dcerpcd with its endpoint mapper (135). */
  async samba(): Promise<void> {
    const folders = ['private', 'state', 'cache', 'lock', 'pid', 'ncalrpc', 'log'];
    for (const name of folders) mkdirSync(join(this.folder, name), { mode: name === 'ncalrpc' ? 0o755 : 0o700 });
    const file = join(this.folder, 'smb.conf');
    const directories = folders
      .filter((name) => !['ncalrpc', 'log'].includes(name))
      .map((name) => `${name}${name === 'private' ? ' dir' : ' directory'} = ${join(this.folder, name)}`);
    writeFileSync(
      file,
      [
        '[global]',
        `netbios name = ${PEER.name}`,
        `workgroup = ${PEER.domain}`,
        'server role = standalone',
        `interfaces = ${PEER.ipv4}/24 ${PEER.ipv6}/64`,
        'bind interfaces only = yes',
        'rpc start on demand helpers = no',
        'load printers = no',
        'disable spoolss = yes',
        ...directories,
        `ncalrpc dir = ${join(this.folder, 'ncalrpc')}`,
        `log file = ${join(this.folder, 'log', 'samba.log')}`,
        '',
      ].join('\n'),
    );
    this.#start('nmbd', ['-F', '--no-process-group', '-s', file]);
    this.#start('/usr/libexec/samba/samba-dcerpcd', ['--libexec-rpcds', '-F', '--no-process-group', '-s', file]);
    await this.#listens(PEER.ipv4, 135);
    await this.#until('nmbd', () => existsSync(join(this.folder, 'pid', 'nmbd.pid')));
  }

  /** xrdp (3389), for TLS or without, with a certificate of the computer's name. */
  async rdp(security: 'negotiate' | 'rdp', port: number): Promise<void> {
    const file = (name: string): string => join(this.folder, `${port}-${name}`);
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${PEER.fqdn}`,
        '-keyout',
        file('key.pem'),
        '-out',
        file('cert.pem'),
      ],
      { stdio: 'pipe' },
    );
    const set: Readonly<Record<string, string>> = {
      port: String(port),
      security_layer: security,
      certificate: file('cert.pem'),
      key_file: file('key.pem'),
      LogFile: file('xrdp.log'),
      EnableSyslog: 'false',
    };
    const ini = readFileSync('/etc/xrdp/xrdp.ini', 'utf8');
    // The first port is the listener's; later sections have ports of sessions.
    const seen = new Set<string>();
    const lines = ini.split('\n').map((line) => {
      const key = /^(\w+)=/.exec(line)?.[1] ?? '';
      if (set[key] === undefined || seen.has(key)) return line;
      seen.add(key);
      return `${key}=${set[key]}`;
    });
    writeFileSync(file('xrdp.ini'), lines.join('\n'));
    // Its pid file and sockets have fixed places; the mount namespace is ours.
    const fixed = [`/run/xrdp`, `/var/run/xrdp`].filter((path) => !existsSync(path));
    for (const path of fixed) mkdirSync(path, { recursive: true });
    const inside = 'mount -t tmpfs none /run/xrdp && mkdir -p /run/xrdp/sockdir && exec xrdp --nodaemon --config "$1"';
    this.#start('unshare', ['--mount', 'sh', '-c', inside, 'sh', file('xrdp.ini')]);
    await this.#listens(PEER.ipv4, port);
  }

  /** bind (53) with these zones, each a file's text by zone. */
  async dns(zones: Readonly<Record<string, string>>): Promise<void> {
    const clauses = Object.entries(zones).map(([zone, text], index) => {
      const file = join(this.folder, `zone${index}`);
      writeFileSync(file, text);
      return `zone "${zone}" { type master; file "${file}"; };`;
    });
    const file = join(this.folder, 'named.conf');
    writeFileSync(
      file,
      `options { directory "${this.folder}"; pid-file none; session-keyfile none; recursion yes;
  allow-recursion { ${OURS.ipv4}; }; dnssec-validation no;
  listen-on { ${DNS.ipv4}; }; listen-on-v6 { ${DNS.ipv6}; }; managed-keys-directory "${this.folder}"; };
controls {};
${clauses.join('\n')}
`,
    );
    this.#start('named', ['-f', '-n', '1', '-c', file]);
    await this.#listens(DNS.ipv4, 53);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'close');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
      await gone;
      clearTimeout(timer);
    }
    ip('link', 'del', OUTSIDE);
    ip('netns', 'del', NAMESPACE);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #start(command: string, args: readonly string[]): void {
    const child = spawn('ip', ['netns', 'exec', NAMESPACE, command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000);
    });
    child.once('close', (code) => {
      if (code !== 0 && code !== null) process.stderr.write(`${command} ended with ${code}: ${said}\n`);
    });
    this.#children.push(child);
  }

  #listens(address: string, port: number): Promise<void> {
    return this.#until(`${address}:${port}`, async () => {
      const socket = connect({ host: address, port });
      const isOpen = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
      socket.destroy();
      return isOpen;
    });
  }

  async #until(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + START_SECONDS * 1000;
    while (!(await isThere())) {
      if (performance.now() > end) throw new Error(`${what} did not start in ${START_SECONDS} seconds`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
