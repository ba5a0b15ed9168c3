// Resolves a /22 of simulated hosts in network namespaces: time an address takes by method, processor, sockets, and what the
// limits do to the time; then memory with 10,000 addresses waiting. As root: node bench/nnr/resolve.mjs [RATE/SOCKETS...]
// Of ten hosts seven answer by all methods, one by NetBIOS only, two are silent; DNS knows one of those two.
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInOwnNetwork } from '../../scripts/own-network.mjs';

const NETWORK = '10.200.0';
const HOSTS = 1022;
/** The sensor's default. */
const TIMEOUT = 2000;
const DNS = '10.199.0.53';
const PEERS = 'nnr-bench';
const self = fileURLToPath(import.meta.url);
const address = (index) => `10.200.${(index + 1) >> 8}.${(index + 1) & 255}`;
const indexOf = (text) =>
  text
    .split('.')
    .slice(2)
    .reduce((sum, part) => sum * 256 + Number(part), 0) - 1;
/** Four characters, the length of the name in the recorded answers. */
const host = (index) => `h${index.toString(36).padStart(3, '0')}`;
const kind = (index) => ['all', 'all', 'all', 'all', 'all', 'all', 'all', 'netbios', 'dns', 'silent'][index % 10];

/** All hosts: one process that has all their addresses. */
async function answerForAll() {
  const recorded = new Map(
    readFileSync(new URL('../../fixtures/nnr/answers.hex', import.meta.url), 'latin1')
      .split('\n')
      .map((line) => line.split(' ', 2)),
  );
  const named = (bytes, index, encoding) => {
    const out = Buffer.from(bytes);
    for (const [from, to] of [
      ['mem1', host(index)],
      ['MEM1', host(index).toUpperCase()],
    ])
      for (let at = out.indexOf(Buffer.from(from, encoding)); at !== -1; at = out.indexOf(Buffer.from(from, encoding), at))
        out.write(to, at, encoding);
    return out;
  };
  const bindAck = Buffer.from(recorded.get('bind-ack-samba'), 'hex');
  const status = Buffer.from(recorded.get('node-status-samba'), 'hex');
  const confirm = Buffer.from(recorded.get('rdp-confirm-xrdp'), 'hex');
  const tls = tlsFlight();
  const listen = (port, answers) =>
    createServer((socket) => {
      const index = indexOf(socket.localAddress.replace('::ffff:', ''));
      socket.on('error', () => socket.destroy());
      if (kind(index) === 'netbios') socket.end();
      if (kind(index) !== 'all') return;
      let turn = 0;
      socket.on('data', () => {
        if (turn < answers.length) socket.write(answers[turn++](index));
      });
    }).listen(port, '0.0.0.0', 4096);
  listen(135, [(index) => named(bindAck, index, 'utf16le')]);
  listen(3389, [() => confirm, (index) => named(tls, index, 'latin1')]);
  await Promise.all(
    Array.from({ length: HOSTS }, async (_, index) => {
      if (!['all', 'netbios'].includes(kind(index))) return;
      const socket = createSocket('udp4');
      socket.on('message', (request, { port, address: to }) => {
        const answer = named(status, index, 'latin1');
        request.copy(answer, 0, 0, 2);
        socket.send(answer, port, to);
      });
      socket.bind(137, address(index));
      await once(socket, 'listening');
    }),
  );
  const dns = createSocket('udp4');
  dns.on('message', (request, { port, address: to }) => dns.send(dnsAnswer(request), port, to));
  dns.bind(53, DNS);
  await once(dns, 'listening');
  process.once('disconnect', () => process.exit());
  process.send('ready');
}

/** ServerHello and Certificate in two records; the certificate is for mem1.lab.example. */
function tlsFlight() {
  const folder = mkdtempSync(join(tmpdir(), 'adtap-bench-'));
  const [key, out] = [join(folder, 'key'), join(folder, 'der')];
  const subject = ['-subj', '/CN=mem1.lab.example', '-keyout', key, '-out', out, '-outform', 'DER'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject], { stdio: 'ignore' });
  const der = readFileSync(out);
  rmSync(folder, { recursive: true });
  const length = (value, bytes) => Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex');
  const record = (body) => Buffer.concat([Buffer.from('160303', 'hex'), length(body.length, 2), body]);
  const message = (type, body) => Buffer.concat([Buffer.of(type), length(body.length, 3), body]);
  const hello = Buffer.concat([Buffer.from('0303', 'hex'), Buffer.alloc(32, 7), Buffer.from('00c02f00', 'hex')]);
  const list = Buffer.concat([length(der.length, 3), der]);
  return Buffer.concat([record(message(2, hello)), record(message(11, Buffer.concat([length(list.length, 3), list])))]);
}

/** PTR of the hosts that DNS knows, and their addresses; NXDOMAIN for the rest. */
function dnsAnswer(request) {
  const labels = [];
  let at = 12;
  for (; request[at] !== 0; at += 1 + request[at]) labels.push(request.toString('latin1', at + 1, at + 1 + request[at]));
  const isPointer = request.readUInt16BE(at + 1) === 12;
  const index = isPointer ? indexOf(labels.slice(0, 4).reverse().join('.')) : Number.parseInt(labels[0].slice(1), 36);
  const question = request.subarray(12, at + 5);
  const data = isPointer
    ? Buffer.from(`\x04${host(index)}\x03lab\x07example\x00`, 'latin1')
    : Buffer.from(address(index).split('.').map(Number));
  const isKnown = kind(index) === 'dns';
  const head = Buffer.from([request[0], request[1], 0x85, isKnown ? 0 : 3, 0, 1, 0, isKnown ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, isPointer ? 12 : 1, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([head, question, ...(isKnown ? [record, data] : [])]);
}

async function measure(cases) {
  const ip = (...words) => execFileSync('ip', words, { stdio: 'inherit' });
  ip('netns', 'add', PEERS);
  ip('link', 'add', 'bench0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', PEERS);
  ip('addr', 'add', '10.199.0.1/24', 'dev', 'bench0');
  ip('link', 'set', 'bench0', 'up');
  ip('-n', PEERS, 'link', 'set', 'lo', 'up');
  ip('-n', PEERS, 'addr', 'add', `${DNS}/24`, 'dev', 'eth0');
  ip('-n', PEERS, 'link', 'set', 'eth0', 'up');
  // The whole network is the peers' own: every address in it answers.
  ip('-n', PEERS, 'route', 'add', 'local', `${NETWORK}.0/22`, 'dev', 'lo');
  ip('route', 'add', `${NETWORK}.0/22`, 'via', DNS);
  const peers = spawn('ip', ['netns', 'exec', PEERS, process.execPath, self, 'peers'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(peers, 'message');
  const { ActiveNnr } = await import('../../dist/nnr/active-nnr.js');
  console.log(`${HOSTS} hosts, look-ups time out after ${TIMEOUT} ms; a look-up is one method asked of one address`);
  for (const one of cases.length > 0 ? cases : ['50/64', '500/64', '2000/64', '10000/64', '10000/512']) {
    const [rate, sockets] = one.split('/').map(Number);
    await run(ActiveNnr, rate, sockets);
  }
  await memory(ActiveNnr);
  peers.kill();
  await once(peers, 'close');
}

const settings = (rate, sockets) => ({
  methods: ['ntlm-rpc', 'netbios', 'rdp', 'reverse-dns'],
  from: { ipv4: '10.199.0.1', ipv6: '' },
  timeoutMs: TIMEOUT,
  retries: 1,
  dnsServers: [{ address: DNS, port: 53 }],
  searchSuffixes: [],
  staged: false,
  lookupsPerSecond: rate,
  sockets,
  perTargetSeconds: 60,
  hitSeconds: 3600,
  missSeconds: 600,
  networks: ['10.0.0.0/8'],
  exclude: [],
});

async function run(ActiveNnr, rate, sockets) {
  const latencies = new Map();
  let left = HOSTS;
  let named = 0;
  let wrong = 0;
  let done = () => undefined;
  const all = new Promise((resolve) => {
    done = resolve;
  });
  const nnr = new ActiveNnr(settings(rate, sockets), (where, answers) => {
    for (const { method, milliseconds } of answers) latencies.set(method, [...(latencies.get(method) ?? []), milliseconds]);
    const names = answers.flatMap(({ names: said }) =>
      said === null ? [] : [(said.netbios || said.dns.split('.')[0]).toLowerCase()],
    );
    if (names.length > 0) named++;
    if (names.some((name) => name !== host(indexOf(where)))) wrong++;
    if (--left === 0) done();
  });
  let mostSockets = 0;
  let mostFiles = 0;
  const files = readdirSync('/proc/self/fd').length;
  const sample = setInterval(() => {
    mostSockets = Math.max(mostSockets, nnr.status().sockets);
    mostFiles = Math.max(mostFiles, readdirSync('/proc/self/fd').length - files);
  }, 10);
  const cpu = process.cpuUsage();
  const began = performance.now();
  nnr.start();
  for (let index = 0; index < HOSTS; index++) nnr.offer(address(index), 2);
  await all;
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(sample);
  await nnr.stop();
  const lookups = [...nnr.tally.entries()].reduce((sum, [, { attempts }]) => sum + attempts, 0);
  console.log(
    `\n${rate} look-ups/s, ${sockets} sockets: ${seconds.toFixed(1)} s, ${(HOSTS / seconds).toFixed(0)} addresses/s, ${(lookups / seconds).toFixed(0)} look-ups/s, ` +
      `${(((user + system) / 1e6 / HOSTS) * 1000).toFixed(2)} ms of CPU an address (${((user + system) / 1e4 / seconds).toFixed(0)}% of a core), ` +
      `at most ${mostSockets} sockets (${mostFiles} files), ${named} named, ${wrong} wrong`,
  );
  for (const [method, list] of latencies) {
    list.sort((a, b) => a - b);
    const at = (share) => list[Math.min(list.length - 1, Math.floor(share * list.length))].toFixed(1);
    const { answers } = nnr.tally.of(method);
    console.log(
      `  ${method.padEnd(12)} ${String(list.length).padStart(5)} asked ${String(answers).padStart(5)} named   p50 ${at(0.5)} ms   p90 ${at(0.9)} ms   max ${at(1)} ms`,
    );
  }
}

/** Heap after collection with so many addresses waiting, while nobody answers. */
async function memory(ActiveNnr) {
  const nnr = new ActiveNnr({ ...settings(1, 1), methods: ['netbios'] }, () => undefined);
  nnr.start();
  const heap = () => {
    globalThis.gc();
    return process.memoryUsage().heapUsed / 1024;
  };
  const before = heap();
  const rows = [];
  for (const count of [10_000, 100_000, 1_000_000]) {
    for (let i = 0; i < count; i++) nnr.offer(`10.${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, 1);
    rows.push(
      `${count.toLocaleString('en-US')} offered: ${nnr.status().queued[1].toLocaleString('en-US')} waiting, ${(heap() - before).toFixed(0)} KiB`,
    );
  }
  console.log(`\nmemory: ${rows.join('; ')}`);
  await nnr.stop();
}

const [role, ...args] = process.argv.slice(2);
if (role === 'peers') await answerForAll();
else if (role === 'client') await measure(args);
else process.exit(runInOwnNetwork([process.execPath, '--expose-gc', self, 'client', ...process.argv.slice(2)]));
