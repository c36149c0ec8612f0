// Hears a microphone made of fakes: its sound waits in messages when hearing stops. Prints what the stream was given.
//   node hearing.mjs FOLDER       FOLDER has microphone.js and worklet.js
import {pathToFileURL} from 'node:url';

const folder = pathToFileURL(`${process.argv[2]}/`);
let Processor;
let processor;
globalThis.registerProcessor = (_, kind) => { Processor = kind; };
globalThis.AudioWorkletProcessor = class {
  constructor() {
    this.port = globalThis.processorPort;
  }
};
const order = [];
globalThis.AudioContext = class {
  audioWorklet = {addModule: (address) => { order.push('worklet'); return import(address); }};
  createMediaStreamSource = () => ({connect() {}, disconnect() {}});
  async resume() {}
  async close() {}
};
globalThis.AudioWorkletNode = class {
  constructor() {
    const {port1, port2} = new MessageChannel();
    this.port = port1;
    globalThis.processorPort = port2;
    processor = new Processor();
  }
};
const getUserMedia = async () => { order.push('microphone'); return {getTracks: () => [{stop() {}}]}; };
Object.defineProperty(globalThis, 'navigator', {value: {mediaDevices: {getUserMedia}}, configurable: true});

const {listen} = await import(new URL('microphone.js', folder));
const given = [];
const stream = {
  text: '',
  accept(samples) { given.push(...samples); return []; },
  finish() { order.push(`finish after ${given.length}`); return {text: ''}; },
};
const hearing = await listen(stream, {worklet: new URL('worklet.js', folder), onError: (error) => order.push(error.message)});
const blocks = 20;
for (let n = 0; n < blocks; ++n) processor.process([[Float32Array.from({length: 128}, (_, i) => 128 * n + i)]]);
await hearing.stop();
await new Promise((resolve) => setTimeout(resolve, 50)); // nothing may come after the end
console.log(JSON.stringify({order, given}));
process.exit(0);
