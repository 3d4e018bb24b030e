import { parentPort } from 'node:worker_threads';
import { BusbarError } from '@busbar/core';

// Reports to whoever started it, after having really loaded the package.
const resolved =
  BusbarError.name === 'BusbarError' ? import.meta.resolve('@busbar/core') : 'nothing';
if (parentPort === null) process.send?.(resolved);
else parentPort.postMessage(resolved);
