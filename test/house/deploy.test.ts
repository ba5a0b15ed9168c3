// What docs/deploy offers for copying fits the sensor: metrics that exist, a configuration that is right, a unit that is hardened.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';

const metrics = readFileSync('docs/metrics.md', 'utf8');

it('shows metrics in the dashboard that the sensor has', () => {
  const dashboard = JSON.parse(readFileSync('docs/deploy/grafana-dashboard.json', 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  expect(dashboard.panels.length).toBeGreaterThan(10);
  for (const { title, targets } of dashboard.panels)
    for (const { expr } of targets) {
      const [name = ''] = /adtap_\w+/.exec(expr) ?? [];
      const row = metrics.split('\n').find((line) => line.startsWith(`| \`${name.replace(/_bucket$/, '')}\``));
      expect(row, `${title}: ${name}`).toBeDefined();
      for (const labels of [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')))
        if (labels !== 'le') expect(row, `${title}: label ${labels}`).toContain(`\`${labels}\``);
    }
});

it('has an example configuration that is right', () => {
  const { config } = loadConfig('docs/deploy/adtap.yaml', {}, new Map());
  expect(config.sensor.mode).toBe('standalone');
  expect(config.domainControllers).toEqual(['10.0.0.10', '10.0.0.11']);
});

it('grants the service two capabilities, a bound of memory above its own, and no more', () => {
  const unit = readFileSync('docs/deploy/adtap.service', 'utf8');
  const value = (key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1];
  expect(value('CapabilityBoundingSet')).toBe('CAP_NET_RAW CAP_NET_ADMIN');
  expect(value('AmbientCapabilities')).toBe('CAP_NET_RAW CAP_NET_ADMIN');
  expect(value('NoNewPrivileges')).toBe('yes');
  expect(value('PrivateTmp')).toBe('yes');
  const { config } = loadConfig('docs/deploy/adtap.yaml', {}, new Map());
  expect(Number(/^(\d+)G$/.exec(value('MemoryMax') ?? '')?.[1]) * 1024).toBeGreaterThan(config.sensor.memory);
  // Exit code 2 is that of a wrong configuration.
  expect(value('RestartPreventExitStatus')).toBe('2');
});
