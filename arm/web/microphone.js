// A microphone for a stream of schatten.js.
import {SAMPLE_RATE} from './schatten.js';

/**
 * Hears the microphone until `stop()` of what it returns is called; the browser asks the user first. `onText(text)` is given
 * the text of the utterance so far when it changes, `onUtterance(utterance)` each one that ended: by a pause, where the
 * stream was opened with `silence`, and at the end. `onError(error)` is given an EngineError; hearing goes on.
 * options.deviceId: a device of navigator.mediaDevices.enumerateDevices(). options.worklet: the address of worklet.js, where
 * it does not lie beside this file.
 */
export async function listen(stream, {
  onText = () => {}, onUtterance = () => {}, onError = console.error, deviceId, worklet = new URL('worklet.js', import.meta.url),
} = {}) {
  const audio = {channelCount: 1, deviceId, echoCancellation: false, noiseSuppression: false};
  const context = new AudioContext({sampleRate: SAMPLE_RATE}); // the browser resamples
  let media;
  try {
    // The worklet is loaded before the microphone opens: on a busy machine it takes seconds, whose speech would be lost.
    await context.audioWorklet.addModule(worklet);
    media = await navigator.mediaDevices.getUserMedia({audio}); // models were trained on sound as it is
  } catch (error) {
    await context.close();
    throw error;
  }
  const close = () => {
    for (const track of media.getTracks()) track.stop();
    return context.close();
  };
  const chunks = new AudioWorkletNode(context, 'schatten-chunks', {numberOfOutputs: 0});
  let shown = '';
  const show = (text) => {
    if (text !== shown) onText(shown = text);
  };
  const attempt = (work) => {
    try {
      for (const utterance of work()) {
        shown = '';
        onUtterance(utterance);
      }
    } catch (error) {
      onError(error);
    }
  };
  let end = () => {};
  chunks.port.onmessage = ({data}) => {
    if (data === 'end') return end();
    attempt(() => stream.accept(data));
    show(stream.text);
  };
  const source = context.createMediaStreamSource(media);
  source.connect(chunks);
  await context.resume(); // suspended where the page was not clicked yet
  return {
    async stop() {
      source.disconnect();
      await new Promise((resolve) => { // on a busy machine chunks may still be waiting: they all come before the mark
        end = resolve;
        chunks.port.postMessage('end');
      });
      chunks.port.onmessage = null; // the caller may close the stream
      await close();
      attempt(() => [stream.finish()]);
    },
  };
}
