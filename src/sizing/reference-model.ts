// The model that sizing uses when none is given: measured by `adtap bench fixtures/lab/*.pcap --seconds 3 --model F` on 2026-11-21 (see
// docs/capacity.md). A machine of yours is another: measure it.
import type { Model } from './model.ts';

export const referenceModel: Model = {
  form: 'adtap-model-1',
  adtap: '0.1.0',
  measuredOn: 'AMD EPYC, 2 processors, 23.5 GiB, linux x64, Node v20.20.2',
  load: "the lab's captures (fixtures/lab): 12863 packets of 183 bytes on average, one in five leads to an activity, repeated",
  workers: 2,
  budget: {
    cores: 2,
    memoryGib: 6,
    words: 'affinity to two processors and RLIMIT_DATA',
  },
  points: [
    { packetsPerSecond: 1000, cores: 0.173, memoryGib: 0.111 },
    { packetsPerSecond: 5000, cores: 0.353, memoryGib: 0.111 },
    { packetsPerSecond: 10000, cores: 0.353, memoryGib: 0.112 },
    { packetsPerSecond: 20000, cores: 0.353, memoryGib: 0.122 },
    { packetsPerSecond: 50000, cores: 0.353, memoryGib: 0.136 },
    { packetsPerSecond: 75000, cores: 0.375, memoryGib: 0.148 },
    { packetsPerSecond: 100000, cores: 0.379, memoryGib: 0.166 },
    { packetsPerSecond: 1130810, cores: 1.791, memoryGib: 0.471 },
  ],
};
