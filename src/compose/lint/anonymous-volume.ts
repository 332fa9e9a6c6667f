import { serviceRule } from './rule.ts';

/** What an anonymous volume keeps is lost when nobody knows its name. */
export const anonymousVolume = serviceRule(
  'anonymous-volume',
  'state kept in an anonymous volume',
  ({ volumes }, path) =>
    (volumes ?? []).flatMap((mount, index) => {
      if (mount.type !== 'volume' || (mount.source ?? '') !== '') return [];
      return [
        {
          path: [...path, 'volumes', index],
          message: `what is written to ${mount.target} is kept in a volume without a name`,
          hint: `name it: NAME:${mount.target}, and declare NAME below volumes:`,
        },
      ];
    }),
);
