import assert from 'node:assert/strict';
import fc from 'fast-check';
import { channels, encodeControl, encodeFrame, FrameDecoder } from '../../../src/container/monitor-frames.ts';
import { refusal } from '../../../src/container/monitor-protocol.ts';

describe('monitor protocol', () => {
  it('a frame is a channel, three zero bytes, a big-endian length and the payload', () => {
    assert.deepEqual([...encodeFrame(channels.stderr, Buffer.from('hi'))], [2, 0, 0, 0, 0, 0, 0, 2, 0x68, 0x69]);
  });

  it('a control frame carries JSON', () => {
    const [frame] = new FrameDecoder().push(encodeControl({ resize: { rows: 24, columns: 80 } }));
    assert.equal(frame?.channel, channels.control);
    assert.equal(frame?.payload.toString(), '{"resize":{"rows":24,"columns":80}}');
  });

  it('frames come out as they went in, however the bytes were cut', () => {
    const frames = fc.array(
      fc.record({ channel: fc.integer({ min: 0, max: 3 }), payload: fc.uint8Array({ maxLength: 40 }) }),
    );
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 17 }), (sent, step) => {
        const bytes = Buffer.concat(sent.map(({ channel, payload }) => encodeFrame(channel, payload)));
        const decoder = new FrameDecoder();
        const received = [];
        for (let at = 0; at < bytes.length; at += step) received.push(...decoder.push(bytes.subarray(at, at + step)));
        assert.deepEqual(
          received.map(({ channel, payload }) => ({ channel, payload: [...payload] })),
          sent.map(({ channel, payload }) => ({ channel, payload: [...payload] })),
        );
        assert.equal(decoder.isAtBoundary, true);
      }),
    );
  });

  it('half a frame is no boundary', () => {
    const decoder = new FrameDecoder();
    assert.deepEqual(decoder.push(encodeFrame(1, Buffer.from('abc')).subarray(0, 10)), []);
    assert.equal(decoder.isAtBoundary, false);
  });

  it('bytes that are no frame are refused', () => {
    assert.throws(() => new FrameDecoder().push(Buffer.from('{"ok":true}\n')), { code: 'KERNEL' });
  });

  it('a refusal keeps code, message and exit code; an unknown code becomes KERNEL', () => {
    const known = refusal({ code: 'COMMAND_NOT_FOUND', message: 'exec nope: not found', exitCode: 127 });
    assert.deepEqual([known.code, known.message, known.exitCode], ['COMMAND_NOT_FOUND', 'exec nope: not found', 127]);
    assert.equal(refusal({ code: 'NEW', message: 'x' }).code, 'KERNEL');
  });

  it('a refusal for want of processes says what limits them', () => {
    const { code, message, hint, exitCode } = refusal({ code: 'KERNEL', errno: 11, message: 'fork', exitCode: 125 });
    assert.deepEqual([code, message, exitCode], ['LIMIT', 'fork', 125]);
    assert.match(hint ?? '', /ulimit -u/);
  });
});
