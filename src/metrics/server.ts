// What a sensor answers over HTTP: /metrics for Prometheus, /healthz and /readyz for those who watch over it, /status for
// `adtap top`. On loopback unless told otherwise; it takes no input but the path.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { AdtapError } from '../errors.ts';

export interface ServerFacts {
  readonly registry: Registry;
  /** Whether the sensor lives, and whether it captures. */
  isHealthy(): boolean;
  isReady(): boolean;
  issues(): unknown;
  status(): unknown;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

const REQUEST_MS = 5000;
const MAX_CONNECTIONS = 64;

/** Listens on ADDRESS:PORT. Rejects with ADTAP_E_CONFIG when that cannot be had. */
export async function serveMetrics(listen: string, token: string | null, facts: ServerFacts): Promise<MetricsServer> {
  const cut = listen.lastIndexOf(':');
  const host = listen.slice(0, cut).replaceAll(/[[\]]/g, '');
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    answer(request, response, token, facts).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new AdtapError('ADTAP_E_CONFIG', `metrics.listen: ${listen} cannot be had: ${cause.message}`, { cause }));
    });
    server.listen(Number(listen.slice(cut + 1)), host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  token: string | null,
  facts: ServerFacts,
): Promise<void> {
  const given = /^bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (token !== null && !isSame(given, token))
    return send(response, 401, 'text/plain', 'unauthorized\n', { 'www-authenticate': 'Bearer' });
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, 'text/plain', 'only GET\n', { allow: 'GET, HEAD' });
  switch (request.url?.split('?')[0]) {
    case '/metrics':
      return send(response, 200, facts.registry.contentType, await facts.registry.metrics());
    case '/healthz':
      return json(response, facts.isHealthy() ? 200 : 503, { healthy: facts.isHealthy(), issues: facts.issues() });
    case '/readyz':
      return json(response, facts.isReady() ? 200 : 503, { ready: facts.isReady() });
    case '/status':
      return json(response, 200, facts.status());
    default:
      return send(response, 404, 'text/plain', 'there are /metrics, /healthz, /readyz and /status\n');
  }
}

const json = (response: ServerResponse, status: number, value: unknown): void =>
  send(response, status, 'application/json', `${JSON.stringify(value)}\n`);

function send(response: ServerResponse, status: number, type: string, body: string, more: Record<string, string> = {}): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...more,
  });
  response.end(body);
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
