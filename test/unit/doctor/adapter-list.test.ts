// The system's adapters and the library's devices as one list.
import { describe, expect, it } from 'vitest';
import { listAdapters } from '../../../src/doctor/adapter-list.ts';
import type { CaptureDevice, LoadedLibrary } from '../../../src/host/capture-library.ts';
import { adapter, device } from '../../support/doctor-facts.ts';

const library = (devices: readonly CaptureDevice[], linktype: (name: string) => number = () => 1): LoadedLibrary => ({
  version: 'libpcap version 1.10.4',
  devices: () => devices,
  linktype,
});

describe('adapters', () => {
  it('have what each side knows of them', () => {
    const { rows, problem } = listAdapters(
      [
        adapter('eth0', {
          addresses: [{ address: '192.0.2.2', prefix: 24 }],
          gateways: ['192.0.2.1'],
          description: 'virtio_net',
        }),
      ],
      library([device('eth0')]),
    );
    expect(problem).toBeNull();
    expect(rows).toEqual([
      {
        name: 'eth0',
        device: 'eth0',
        description: 'virtio_net',
        kind: 'ethernet',
        state: 'up',
        linktype: 'ETHERNET',
        speed: 1e9,
        promiscuous: true,
        addresses: ['192.0.2.2/24'],
        gateways: ['192.0.2.1'],
        nameServers: [],
        master: null,
        members: [],
      },
    ]);
  });

  it("are told by the system's name where the library's is a GUID", () => {
    const guid = '\\Device\\NPF_{4D36E972-E325-11CE-BFC1-08002BE10318}';
    const { rows } = listAdapters([adapter('Ethernet 2', { device: guid })], library([device(guid, { description: 'Intel' })]));
    expect(rows).toMatchObject([{ name: 'Ethernet 2', device: guid, description: 'Intel' }]);
  });

  it('that only one side knows are listed too, the library first', () => {
    const { rows } = listAdapters([adapter('eth5'), adapter('eth0')], library([device('any'), device('eth0', { isUp: false })]));
    expect(rows.map(({ name, device: of }) => [name, of])).toEqual([
      ['any', 'any'],
      ['eth0', 'eth0'],
      ['eth5', null],
    ]);
    expect(rows[0]).toMatchObject({ kind: 'other', state: 'up', promiscuous: null, gateways: null });
  });

  it("have the library's addresses where the system has none", () => {
    const devices = [device('eth0', { addresses: [{ address: '198.51.100.7', netmask: '255.255.255.0' }] })];
    expect(listAdapters([adapter('eth0')], library(devices)).rows).toMatchObject([{ addresses: ['198.51.100.7'] }]);
  });

  it('that cannot be opened have no linktype, unknown ones their number', () => {
    const devices = [
      device('closed'),
      device('strange'),
      device('lo', { isLoopback: true }),
      device('wlan0', { isWireless: true }),
    ];
    const { rows } = listAdapters(
      [],
      library(devices, (name) => {
        if (name === 'closed') throw new Error('You do not have permission');
        return name === 'strange' ? 250 : 1;
      }),
    );
    expect(rows.map(({ linktype, kind, promiscuous }) => [linktype, kind, promiscuous])).toEqual([
      [null, 'other', null],
      ['250', 'other', null],
      ['ETHERNET', 'loopback', false],
      ['ETHERNET', 'wireless', false],
    ]);
  });

  it.each<[string, LoadedLibrary]>([
    ['is not there', { problem: 'why', standIn: null }],
    [
      'lists no devices',
      {
        version: 'libpcap',
        devices: () => {
          throw new Error('why');
        },
        linktype: () => 1,
      },
    ],
  ])('are still listed when the library %s', (_, missing) => {
    expect(listAdapters([adapter('eth0')], missing)).toMatchObject({ rows: [{ name: 'eth0', device: null }], problem: 'why' });
  });
});
