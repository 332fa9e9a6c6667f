import { verifyStore } from '../../../image/store/verify.ts';
import { defineCommand } from '../../command.ts';
import { withImageStore } from '../../image-store.ts';

export const imageVerify = defineCommand({
  name: 'image verify',
  summary: 'Check every digest and every unpacked layer',
  options: { format: { type: 'string', value: 'FORMAT', choices: ['text', 'json'], description: 'text or json' } },
  settings: ({ format }) => ({ form: format ?? 'text' }),
  async run({ form }, context) {
    const { signal, stdout, stderr } = context;
    const found = await withImageStore(context, (store) => verifyStore(store, { signal }));
    if (form === 'json') stdout.write(`${JSON.stringify(found)}\n`);
    else {
      for (const { kind, digest, message } of found.problems) stdout.write(`${kind} ${digest}: ${message}\n`);
      const unsure = found.unverifiable.length;
      const rest = unsure === 0 ? '' : `, ${unsure} of them with nothing to compare with`;
      stdout.write(`${found.blobs} blobs, ${found.layers} layers${rest}: ${wordsFor(found.problems.length)}\n`);
      if (found.problems.length > 0) stderr.write(`hint: ${remedy}\n`);
    }
    return found.problems.length === 0 ? 0 : 1;
  },
});

const remedy = 'remove the images that it is part of (image rm), then pull, load or build them again';

function wordsFor(problems: number): string {
  if (problems === 0) return 'all is as it should be';
  return problems === 1 ? '1 problem' : `${problems} problems`;
}
