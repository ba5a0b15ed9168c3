// The sensor's answers over HTTP.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { AdtapError } from '../../../src/errors.ts';
import { type MetricsServer, type ServerFacts, serveMetrics } from '../../../src/metrics/server.ts';

const open: MetricsServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const facts: ServerFacts = {
  registry: new Registry(),
  isHealthy: () => true,
  isReady: () => true,
  issues: () => [],
  status: () => ({ name: 'dc1' }),
};

async function serve(more: Partial<ServerFacts> = {}, token: string | null = null, listen = '127.0.0.1:0') {
  const server = await serveMetrics(listen, token, { ...facts, ...more });
  open.push(server);
  return (path: string, init?: RequestInit) => fetch(`http://${listen.replace(/:\d+$/, '')}:${server.port}${path}`, init);
}

describe('the metrics server', () => {
  it('answers /metrics in the text format, query or not', async () => {
    const ask = await serve();
    const response = await ask('/metrics?x=1');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['/healthz', 'isHealthy'],
    ['/readyz', 'isReady'],
  ] as const)('%s is 200 or 503', async (path, fact) => {
    expect((await (await serve())(path)).status).toBe(200);
    const response = await (await serve({ [fact]: () => false, issues: () => [{ key: 'x' }] }))(path);
    expect(response.status).toBe(503);
    const body: unknown = await response.json();
    expect(body).toEqual(path === '/healthz' ? { healthy: false, issues: [{ key: 'x' }] } : { ready: false });
  });

  it('answers /status with what there is to see, and HEAD without a body', async () => {
    const ask = await serve();
    expect(await (await ask('/status')).json()).toEqual({ name: 'dc1' });
    const head = await ask('/status', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '15', '']);
  });

  it.each(['/', '/metrics/', '/../etc/passwd', '//metrics'])('has nothing else: %s is 404', async (path) => {
    const response = await (await serve())(path);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('/metrics, /healthz, /readyz and /status');
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('takes no %s', async (method) => {
    const response = await (await serve())('/metrics', { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('asks for the token, before it says anything else', async () => {
    const ask = await serve({}, 's3cret');
    const withToken = (authorization: string, path = '/metrics', method = 'GET') =>
      ask(path, { method, headers: { authorization } }).then(({ status }) => status);
    const bare = await ask('/metrics');
    expect([bare.status, bare.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await withToken('Bearer s3cret')).toBe(200);
    // RFC 9110 11.1: the scheme's case does not matter.
    expect(await withToken('bearer s3cret')).toBe(200);
    for (const wrong of ['Bearer s3cre', 'Bearer s3cret2', 'Bearer S3CRET', 'Basic s3cret', 's3cret', 'Bearer '])
      expect([wrong, await withToken(wrong)]).toEqual([wrong, 401]);
    expect(await withToken('Bearer x', '/nothing')).toBe(401);
    expect(await withToken('Bearer x', '/metrics', 'POST')).toBe(401);
  });

  it('listens on IPv6, and on nothing but the address it was given', async () => {
    expect((await (await serve({}, null, '[::1]:0'))('/readyz')).status).toBe(200);
    const server = await serveMetrics('127.0.0.1:0', null, facts);
    open.push(server);
    await expect(fetch(`http://127.0.0.2:${server.port}/readyz`)).rejects.toThrow();
  });

  it('says whose fault it is when the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const refused = serveMetrics(listen, null, facts);
    await expect(refused).rejects.toBeInstanceOf(AdtapError);
    await expect(refused).rejects.toThrow(`metrics.listen: ${listen} cannot be had: listen EADDRINUSE`);
    taken.close();
  });

  it('keeps at most 64 connections, and closes those beyond at once', async () => {
    const server = await serveMetrics('127.0.0.1:0', null, facts);
    open.push(server);
    const idle = Array.from({ length: 64 }, () => connect(server.port, '127.0.0.1'));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    const beyond = connect(server.port, '127.0.0.1');
    let told = '';
    beyond
      .on('error', () => undefined)
      .on('data', (bytes) => {
        told += bytes;
      });
    await once(beyond, 'close');
    // Not with an answer, such as that it took too long to ask.
    expect(told).toBe('');
    expect(idle.filter((socket) => socket.closed)).toEqual([]);
    for (const socket of idle) socket.destroy();
  });

  it('survives an answer that fails', async () => {
    const registry = new Registry();
    registry.metrics = () => Promise.reject(new Error('broken'));
    const ask = await serve({ registry });
    await expect(ask('/metrics')).rejects.toThrow();
    expect((await ask('/readyz')).status).toBe(200);
  });
});
