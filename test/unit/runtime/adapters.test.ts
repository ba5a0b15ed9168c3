// Which adapters are captured from, and how they are followed as they appear, fail, vanish and come back.
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { AdtapError } from '../../../src/errors.ts';
import { type AdapterPlan, Adapters, chooseAdapters } from '../../../src/runtime/live/adapters.ts';
import { device, FakeBackend, type FakePool } from '../../support/fake-backend.ts';

describe('chooseAdapters', () => {
  interface Below {
    readonly lower?: readonly string[];
    readonly hasMaster?: boolean;
  }
  const choose = (devices: Parameters<typeof chooseAdapters>[0], loopback = false, below: Readonly<Record<string, Below>> = {}) =>
    chooseAdapters(devices, loopback, (name) => ({ lower: [], hasMaster: false, ...below[name] }));

  it('takes all that are up, loopback only when asked', () => {
    const devices = [device('eth0'), device('eth1', { isUp: false }), device('lo', { isLoopback: true })];
    expect(choose(devices)).toEqual(['eth0']);
    expect(choose(devices, true)).toEqual(['eth0', 'lo']);
  });

  it('leaves out what libpcap lists besides network adapters', () => {
    const names = ['any', 'bluetooth0', 'nflog', 'nfqueue', 'usbmon1', 'dbus-system', 'anyport0'];
    expect(choose(names.map((name) => device(name)))).toEqual(['anyport0']);
  });

  it('takes a bond or bridge and not its parts, so that no packet comes twice', () => {
    const devices = ['eth0', 'eth1', 'bond0', 'br0', 'veth1'].map((name) => device(name));
    expect(
      choose(devices, false, {
        eth0: { hasMaster: true },
        eth1: { hasMaster: true },
        bond0: { lower: ['eth0', 'eth1'], hasMaster: true },
        br0: { lower: ['bond0', 'veth1'] },
        veth1: { hasMaster: true },
      }),
    ).toEqual(['br0']);
  });

  it('takes the carrier of a VLAN and not the VLAN, unless the carrier is down', () => {
    const vlan = { 'eth0.5': { lower: ['eth0'] } };
    expect(choose([device('eth0'), device('eth0.5')], false, vlan)).toEqual(['eth0']);
    expect(choose([device('eth0', { isUp: false }), device('eth0.5')], false, vlan)).toEqual(['eth0.5']);
  });
});

interface Following {
  readonly backend: FakeBackend;
  readonly pool: FakePool;
  readonly adapters: Adapters;
  readonly linktypes: Map<number, number>;
}

function follow(names: readonly string[], present: readonly string[], plan: Partial<AdapterPlan> = {}): Following {
  const backend = new FakeBackend();
  backend.present = present.map((name) => device(name));
  const pool = backend.pool(new Uint8Array(0), { stride: 8, slots: 0, slotBytes: 8, slotPackets: 1 }, () => undefined);
  const linktypes = new Map<number, number>();
  const settings = { snaplen: 1000, promiscuous: true, timeoutMs: 1, bufferBytes: 1, drainMs: 1 };
  const full: AdapterPlan = {
    names,
    loopback: false,
    settings,
    buffersBytes: 1 << 30,
    filter: 'tagged',
    plainFilter: 'plain',
    ...plan,
  };
  const pipeline = { pool, setLinktype: (place: number, linktype: number) => void linktypes.set(place, linktype) };
  return { backend, pool, adapters: new Adapters(backend, pipeline, full, pino({ level: 'silent' })), linktypes };
}

const seen = ({ adapters }: Following): string[] =>
  adapters.status().map(({ name, state, reason }) => `${name} ${state}${reason === '' ? '' : `: ${reason}`}`);

describe('Adapters', () => {
  it('refuses to start when there is nothing to hear', () => {
    expect(() => follow([], []).adapters.start()).toThrow(/there is no adapter that is up; name one with --adapter/);
    expect(() => follow(['eth7'], ['eth0']).adapters.start()).toThrow(/eth7: cannot capture there: No such device exists/);
    const denied = follow(['eth0'], ['eth0']);
    denied.backend.refusals.set('eth0', new AdtapError('ADTAP_E_PRIVILEGE', 'eth0: no permission'));
    expect(() => denied.adapters.start()).toThrow(expect.objectContaining({ code: 'ADTAP_E_PRIVILEGE', exitCode: 77 }));
  });

  it('starts with one of two, and takes the other when it comes', () => {
    const following = follow(['eth0', 'eth1'], ['eth0']);
    following.adapters.start();
    expect(seen(following)).toEqual(['eth0 capturing', 'eth1 unavailable: eth1: cannot capture there: No such device exists']);
    following.backend.present.push(device('eth1'));
    following.adapters.poll();
    expect(seen(following)).toEqual(['eth0 capturing', 'eth1 capturing']);
    expect([...following.linktypes.values()]).toEqual([1, 1]);
  });

  it('takes what appears when all that are up were asked for', () => {
    const following = follow([], ['eth0']);
    following.adapters.start();
    following.backend.present.push(device('eth1', { isUp: false }));
    following.adapters.poll();
    expect(seen(following)).toEqual(['eth0 capturing']);
    following.backend.present[1] = device('eth1');
    following.adapters.poll();
    expect(seen(following)).toEqual(['eth0 capturing', 'eth1 capturing']);
  });

  it('lets go of one that fails, says why, opens it again elsewhere, and keeps its counts', () => {
    const following = follow(['eth0'], ['eth0']);
    const { adapters, pool, backend } = following;
    adapters.start();
    pool.set(0, () => ({ received: 10, receivedBytes: 640, delivered: 8, noSlot: 2, kernelReceived: 11, left: 1 }));
    pool.set(0, () => ({ state: 'failed', error: 'The interface went down' }));
    backend.refusals.set('eth0', new AdtapError('ADTAP_E_ADAPTER', 'eth0: That device is not up'));
    adapters.poll();
    expect(seen(following)).toEqual(['eth0 unavailable: eth0: That device is not up']);
    expect(adapters.status()[0]?.counts).toMatchObject({ received: 10, noSlot: 2, left: 1 });
    expect(pool.captures.size).toBe(0);
    adapters.poll();
    backend.refusals.clear();
    adapters.poll();
    const place = pool.opened.at(-1)?.place ?? -1;
    // Slots of the first capture may still be on their way under its place.
    expect(place).toBeGreaterThan(0);
    pool.set(place, () => ({ received: 5, delivered: 5, receivedBytes: 60, kernelDropped: 3 }));
    expect(adapters.status()).toMatchObject([
      {
        state: 'capturing',
        reason: '',
        opened: 2,
        counts: { received: 15, receivedBytes: 700, delivered: 13, noSlot: 2, kernelReceived: 11, kernelDropped: 3, left: 1 },
      },
    ]);
  });

  it('says of a capture that ended without an error that it ended', () => {
    const following = follow([], ['eth0', 'eth1']);
    following.adapters.start();
    following.backend.present = [device('eth1')];
    following.pool.set(0, () => ({ state: 'ended' }));
    following.adapters.poll();
    expect(seen(following)).toEqual(['eth0 unavailable: the capture ended', 'eth1 capturing']);
  });

  it('keeps unknown what the kernel does not tell', () => {
    const following = follow(['eth0'], ['eth0']);
    following.adapters.start();
    following.pool.set(0, () => ({ kernelDropped: Number.NaN }));
    expect(following.adapters.status()[0]?.counts.kernelDropped).toBeNaN();
  });

  it('falls back to the filter without tags where the linktype knows none, and to no other', () => {
    const refusal = new AdtapError('ADTAP_E_FILTER', 'filter: no VLAN support for this data link type');
    const following = follow(['ppp0'], ['ppp0']);
    following.backend.refusals.set('tagged', refusal);
    following.adapters.start();
    expect(following.pool.opened).toEqual([{ device: 'ppp0', place: 0, filter: 'plain' }]);
    const own = follow(['ppp0'], ['ppp0'], { filter: 'tagged', plainFilter: 'tagged' });
    own.backend.refusals.set('tagged', refusal);
    expect(() => own.adapters.start()).toThrow(refusal);
  });

  it('has places for 64 and says so to the next', () => {
    const names = Array.from({ length: 65 }, (_, number) => `eth${number}`);
    const following = follow([], names);
    following.adapters.start();
    expect(seen(following).filter((line) => line.endsWith('capturing')).length).toBe(64);
    expect(seen(following)[64]).toBe('eth64 unavailable: eth64: more than 64 adapters');
  });

  it('remembers 256 at most, and loses no count of the others', () => {
    const { adapters, backend, pool } = follow([], ['eth0']);
    adapters.start();
    for (let number = 0; number < 400; number++) {
      backend.present = [device('eth0'), device(`veth${number}`)];
      adapters.poll();
      const { place } = pool.opened.at(-1) as { place: number };
      pool.set(place, () => ({ received: 1, state: 'failed', error: 'gone' }));
    }
    const status = adapters.status();
    expect(status.length).toBeLessThanOrEqual(257);
    expect(status[0]).toMatchObject({ name: 'eth0', state: 'capturing' });
    expect(status.at(-1)).toMatchObject({ name: '(others)', state: 'gone' });
    expect(status.reduce((sum, { counts }) => sum + counts.received, 0)).toBe(400);
    expect(status.reduce((sum, { opened }) => sum + opened, 0)).toBe(401);
  });

  it('reads what is there before it stops, and opens nothing more', async () => {
    const following = follow([], ['eth0', 'eth1']);
    following.adapters.start();
    const stopped = following.adapters.stop(1000);
    expect(following.pool.stats(0).state).toBe('stopping');
    following.pool.set(0, () => ({ received: 7 }));
    following.backend.present.push(device('eth2'));
    following.adapters.poll();
    await stopped;
    expect(seen(following)).toEqual(['eth0 unavailable', 'eth1 unavailable']);
    expect(following.adapters.status()[0]?.counts.received).toBe(7);
  });

  it('waits for a capture that does not end no longer than it was told', async () => {
    const { adapters, pool } = follow([], ['eth0']);
    adapters.start();
    pool.stop = () => undefined;
    pool.set(0, () => ({ received: 7, delivered: 5 }));
    // What lay in a slot is delivered with the end.
    const close = pool.closeCapture.bind(pool);
    pool.closeCapture = (place) => ({ ...close(place), delivered: 7 });
    const began = performance.now();
    await adapters.stop(50);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(pool.captures.size).toBe(0);
    expect(adapters.status()[0]?.counts).toMatchObject({ received: 7, delivered: 7 });
  });
});
