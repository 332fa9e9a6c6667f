/** Where a project names images, for `config --resolve-image-digests` and `--lock-image-digests`. */
import { isTree, type Tree, type Value } from './tree-path.ts';

/** The images of services, their hooks and image mounts, as they are written; without those of other services. */
export function namedImages(project: Tree): string[] {
  const images = new Set<string>();
  replaceImages(project, (image) => {
    images.add(image);
    return image;
  });
  return [...images].sort();
}

/** The project with other names for its images; one that `names` lacks stays. */
export function withImages(project: Tree, names: ReadonlyMap<string, string>): Tree {
  return replaceImages(project, (image) => names.get(image) ?? image);
}

/** An override file that says nothing but images: of services and image mounts. */
export function imagesOnly(project: Tree): Tree {
  const services = mapServices(project, (service) => {
    const volumes = listOf(service.volumes).filter(isImageMount);
    return {
      ...(service.image ? { image: service.image } : {}),
      ...(volumes.length === 0 ? {} : { volumes }),
    };
  });
  return { services };
}

/** Services whose hooks name images: an override file cannot pin those, since it adds hooks and replaces none. */
export function servicesWithHookImages(project: Tree): string[] {
  return Object.entries(servicesOf(project))
    .filter(([, service]) => isTree(service) && listOf(service.pre_start).some((hook) => isTree(hook) && hook.image))
    .map(([name]) => name)
    .sort();
}

function replaceImages(project: Tree, replace: (image: string) => string): Tree {
  const names = new Set(Object.keys(servicesOf(project)));
  const replaceIn = (tree: Tree, key: string): Tree => {
    const image = tree[key];
    return typeof image === 'string' && image !== '' ? { ...tree, [key]: replace(image) } : tree;
  };
  const services = mapServices(project, (service) => {
    const out = replaceIn(service, 'image');
    const hooks = listOf(service.pre_start).map((hook) => (isTree(hook) ? replaceIn(hook, 'image') : hook));
    // The source may name a service, for its image.
    const volumes = listOf(service.volumes).map((mount) =>
      isImageMount(mount) && !names.has(String(mount.source)) ? replaceIn(mount, 'source') : mount,
    );
    return {
      ...out,
      ...(hooks.length === 0 ? {} : { pre_start: hooks }),
      ...(volumes.length === 0 ? {} : { volumes }),
    };
  });
  return project.services === undefined ? project : { ...project, services };
}

function mapServices(project: Tree, change: (service: Tree) => Tree): Tree {
  const entries = Object.entries(servicesOf(project));
  return Object.fromEntries(entries.map(([name, service]) => [name, isTree(service) ? change(service) : service]));
}

function servicesOf(project: Tree): Tree {
  return isTree(project.services) ? project.services : {};
}

function listOf(value: Value | undefined): readonly Value[] {
  return Array.isArray(value) ? value : [];
}

function isImageMount(mount: Value): mount is Tree {
  return isTree(mount) && mount.type === 'image';
}
