/**
 * Our table beside what it should be. `behind`: one of us wrote it for other records; who changed them since is about to
 * write it, or was killed. `changed`: somebody else did that, or removed it.
 */
export type FirewallState = 'intact' | 'behind' | 'changed';
