// Runs beside the sound card: gathers a microphone's samples into chunks and posts them to the page.
const CHUNK = 1024; // 64 ms at 16 kHz: often enough for text that grows, seldom enough for messages

class Chunks extends AudioWorkletProcessor {
  constructor() {
    super();
    this.chunk = new Float32Array(CHUNK);
    this.count = 0;
    this.port.onmessage = () => { // the end of hearing: what was gathered so far, and a mark that it was the last
      this.post();
      this.port.postMessage('end');
    };
  }

  /** Is given 128 samples a call; an input that is not connected has no channel. */
  process([[samples]]) {
    for (let from = 0; samples && from < samples.length;) {
      const part = samples.subarray(from, from + CHUNK - this.count);
      this.chunk.set(part, this.count);
      this.count += part.length;
      from += part.length;
      if (this.count === CHUNK) this.post();
    }
    return true;
  }

  post() {
    const chunk = this.chunk.slice(0, this.count);
    this.port.postMessage(chunk, [chunk.buffer]);
    this.count = 0;
  }
}

registerProcessor('schatten-chunks', Chunks);
