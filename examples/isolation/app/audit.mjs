// Each argument is `reaches=URL` or `misses=URL`; exits 1 when one of them is not so.
for (const claim of process.argv.slice(2)) {
  const [expected, url] = claim.split(/=(.*)/s);
  let found = 'reaches';
  try {
    await fetch(url, { signal: AbortSignal.timeout(expected === 'reaches' ? 5000 : 1000) });
  } catch {
    found = 'misses';
  }
  console.log(`${found} ${url}`);
  if (found !== expected) {
    console.error(`expected: ${expected} ${url}`);
    process.exitCode = 1;
  }
}
