// The sensor's log, on standard error.
import pino from 'pino';

export type Log = pino.Logger;

const LEVELS: Readonly<Record<string, string>> = { 20: 'debug', 30: 'info', 40: 'warning', 50: 'error', 60: 'fatal' };

/** `text` is for people; the other is a JSON line each, for journals. Lines are written at once: none is lost in a crash. */
export function openLog(level: pino.LevelWithSilent, text: boolean): Log {
  if (!text) return pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
  return pino({ level, base: null }, { write: (line) => process.stderr.write(`${readable(line)}\n`) });
}

function readable(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: number; msg?: string };
  const facts = Object.entries(rest).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const clock = new Date(time).toISOString().slice(11, 23);
  return [clock, LEVELS[level]?.padEnd(7) ?? '', msg ?? '', ...facts].join(' ').trimEnd();
}
