// `adtap explain`: every field of one frame's messages.
import { Command } from 'commander';
import { type Explanation, explain } from '../explain/explain.ts';
import { positive } from './arguments.ts';

export function explainCommand(): Command {
  return new Command('explain')
    .description('Print what one frame is, and every field of the messages it completes.')
    .argument('<files...>', 'capture files, merged by time')
    .requiredOption('-n, --frame <n>', 'number of the frame, from 1', positive)
    .option('--json', 'print JSON')
    .action(async (files: readonly string[], options: { readonly frame: number; readonly json?: boolean }) => {
      const explanation = await explain(files, options.frame);
      process.stdout.write(options.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : text(explanation));
    });
}

function text(explanation: Explanation): string {
  const { messages, ...frame } = explanation;
  const parts = [tree(frame, 0)];
  for (const { said, schema } of messages) {
    parts.push(`\nmessage: ${said['proto']}\n${tree(said, 1)}`);
    if (schema !== null) parts.push(`  all fields:\n${tree(schema, 2)}`);
  }
  if (messages.length === 0) parts.push('\nno message ends in this frame\n');
  return parts.join('');
}

function tree(value: unknown, depth: number): string {
  const indent = '  '.repeat(depth);
  if (typeof value !== 'object' || value === null) return `${indent}${value}\n`;
  return Object.entries(value)
    .map(([key, inner]) => {
      if (typeof inner !== 'object' || inner === null) return `${indent}${key}: ${inner ?? '-'}\n`;
      const entries = Object.values(inner as object);
      const isFlat = Array.isArray(inner) && entries.every((one) => typeof one !== 'object');
      return isFlat ? `${indent}${key}: ${entries.join(', ')}\n` : `${indent}${key}:\n${tree(inner, depth + 1)}`;
    })
    .join('');
}
