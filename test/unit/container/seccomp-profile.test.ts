import assert from 'node:assert/strict';
import { parseSeccompProfile, resolveSeccompProfile } from '../../../src/container/seccomp-profile.ts';

const here = { capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN'], arch: 'x64', kernelRelease: '6.1.0-13-amd64' };
const rule = (name: string, more: object = {}) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...more });

/** The system calls that a profile of these rules names here. */
function named(...syscalls: readonly object[]): string[] {
  const profile = parseSeccompProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }));
  return resolveSeccompProfile(profile, here).syscalls.flatMap(({ names }) => names);
}

describe('a seccomp profile', () => {
  it('of OCI is taken as it is', () => {
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      defaultErrnoRet: 1,
      architectures: ['SCMP_ARCH_X86_64'],
      flags: ['SECCOMP_FILTER_FLAG_LOG'],
      syscalls: [
        {
          names: ['personality'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 38,
          args: [{ index: 0, value: 8, valueTwo: 1, op: 'SCMP_CMP_MASKED_EQ' }],
        },
      ],
    };
    assert.deepEqual(resolveSeccompProfile(parseSeccompProfile(JSON.stringify(profile)), here), profile);
  });

  it('of Docker names the architectures of the machine it is used on', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
    ];
    const profile = parseSeccompProfile(JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', archMap, syscalls: null }));
    assert.deepEqual(resolveSeccompProfile(profile, here).architectures, [
      'SCMP_ARCH_X86_64',
      'SCMP_ARCH_X86',
      'SCMP_ARCH_X32',
    ]);
  });

  it('of Docker has rules for some capabilities, architectures and kernels alone', () => {
    assert.deepEqual(
      named(
        rule('always', { args: null, includes: {}, excludes: null, comment: '' }),
        rule('admin', { includes: { caps: ['CAP_SYS_ADMIN'] } }),
        rule('both', { includes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } }),
        rule('not-admin', { excludes: { caps: ['CAP_BPF', 'CAP_SYS_ADMIN'] } }),
        rule('amd64', { includes: { arches: ['amd64', 'x32'] } }),
        rule('arm64', { includes: { arches: ['arm64'] } }),
        rule('not-amd64', { excludes: { arches: ['amd64'] } }),
        rule('since-4.8', { includes: { minKernel: '4.8' } }),
        rule('since-6.2', { includes: { minKernel: '6.2' } }),
        rule('before-6.1', { excludes: { minKernel: '6.1' } }),
        { name: 'one', action: 'SCMP_ACT_ALLOW' },
      ),
      ['always', 'admin', 'amd64', 'since-4.8', 'one'],
    );
  });

  const refused: readonly (readonly [profile: unknown, message: string | RegExp])[] = [
    [null, 'a map was expected'],
    [[], 'a map was expected'],
    [{ syscalls: [] }, 'defaultAction is missing'],
    [{ defaultAction: 'ALLOW' }, 'defaultAction: there is no "ALLOW"'],
    [{ defaultAction: 'SCMP_ACT_LOG', syscalls: {} }, 'syscalls: a list was expected'],
    [{ defaultAction: 'SCMP_ACT_LOG', syscalls: [null] }, 'syscalls[0]: a map was expected'],
    [{ defaultAction: 'SCMP_ACT_LOG', syscalls: [{ names: ['a'] }] }, 'syscalls[0].action is missing'],
    [
      { defaultAction: 'SCMP_ACT_LOG', syscalls: [rule('a', { names: 'a' })] },
      'syscalls[0].names: a list was expected',
    ],
    [{ defaultAction: 'SCMP_ACT_LOG', syscalls: [rule('a', { names: [] })] }, 'syscalls[0].names names no system call'],
    [{ defaultAction: 'SCMP_ACT_LOG', syscalls: [rule('a', { name: 'b' })] }, /^syscalls\[0\]: it has both name and/],
    [
      { defaultAction: 'SCMP_ACT_LOG', syscalls: [rule('a', { args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] })] },
      'syscalls[0].args[0].index: must be between 0 and 5',
    ],
    [
      { defaultAction: 'SCMP_ACT_LOG', syscalls: [rule('a', { args: [{ index: 0, value: 'x', op: 'SCMP_CMP_EQ' }] })] },
      'syscalls[0].args[0].value: a whole number was expected',
    ],
    [
      { defaultAction: 'SCMP_ACT_LOG', syscalls: [rule('a', { includes: { minKernel: 'new' } })] },
      'syscalls[0].includes.minKernel: a version such as 4.8 was expected',
    ],
    [
      { defaultAction: 'SCMP_ACT_LOG', architectures: ['SCMP_ARCH_X86'], archMap: [{ architecture: 'SCMP_ARCH_X86' }] },
      /^it has both architectures and archMap/,
    ],
  ];
  for (const [profile, message] of refused) {
    const text = JSON.stringify(profile);
    it(`${text} is refused`, () => assert.throws(() => parseSeccompProfile(text), { code: 'INVALID', message }));
  }

  it('that is no JSON is refused', () => {
    assert.throws(() => parseSeccompProfile('{'), { code: 'INVALID', message: /^it is not JSON: / });
  });
});
