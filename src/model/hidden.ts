/** What is not shown to whoever looks over a shoulder: values whose names, or places, say that they are secret. */

const secretName = /pass(word|wd|phrase)?|secret|token|api_?key|private_?key|credential/i;

/** What stands in place of such a value. */
export const hidden = '••••••';

/** Whether a name, or the path of an attribute, is that of a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** The value of a variable, hidden where its name says so; of an address without the password in it. */
export function shownValue(name: string, value: string): string {
  if (isSecretName(name) && !/_FILE$/i.test(name)) return hidden;
  return withoutPasswords(value);
}

/** A text without the passwords of addresses and of options such as `user=me,password=…`. */
export function withoutPasswords(text: string): string {
  return text
    .replaceAll(/(\w:\/\/[^\s:/@]*:)[^\s@/]+@/g, `$1${hidden}@`)
    .replaceAll(/\b(pass(?:word|wd|phrase)?|secret|token)=[^\s,;&"']+/gi, `$1=${hidden}`);
}
