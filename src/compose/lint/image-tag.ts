import { serviceRule } from './rule.ts';

/** An image without a fixed tag is another one tomorrow. */
export const imageTag = serviceRule('image-tag', 'an image without tag, or with the tag latest', ({ image }, path) => {
  if (image === undefined || image.startsWith('rootfs:') || image.includes('@')) return [];
  const tag = /:([^/]+)$/.exec(image)?.[1];
  if (tag !== undefined && tag !== 'latest') return [];
  const what = tag === undefined ? 'has no tag' : 'has the tag latest';
  return [
    {
      path: [...path, 'image'],
      message: `image ${image} ${what}`,
      hint: 'name a version, so that every machine runs the same',
    },
  ];
});
