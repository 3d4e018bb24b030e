/** A program that has a private node until it dies; it prints what the test has to look for afterwards. */
import { startPrivateNode } from './private-node.ts';

const node = await startPrivateNode();
if (process.argv.includes('--paused')) node.pause();
const { ports, folder, groups } = node;
process.stdout.write(`${JSON.stringify({ ports, folder, groups })}\n`);
setInterval(() => {}, 60_000);
