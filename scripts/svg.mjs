// Terminal text with SGR colours on stdin → SVG on stdout (scripts/capture).
const palette = ['#3b4252', '#bf616a', '#a3be8c', '#ebcb8b', '#81a1c1', '#b48ead', '#88c0d0', '#e5e9f0'];
const bright = ['#616e88', '#d57780', '#b5d19c', '#f0d9a8', '#9ab8d8', '#c7a3c2', '#9fd3e0', '#ffffff'];
const plain = '#d8dee9';
const cell = { width: 8.4, height: 18 };

let input = '';
for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk;
const lines = input.replace(/\n+$/, '').split('\n');
const asXml = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

let style = { fill: plain, bold: false, dim: false };
function apply(codes) {
  for (const code of codes) {
    if (code === 0) style = { fill: plain, bold: false, dim: false };
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 39) style = { ...style, fill: plain };
    else if (code >= 30 && code <= 37) style = { ...style, fill: palette[code - 30] };
    else if (code >= 90 && code <= 97) style = { ...style, fill: bright[code - 90] };
  }
}

const rows = lines.map((line, row) => {
  let column = 0;
  let spans = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is parsed
  for (const [, codes, text] of line.matchAll(/\x1b\[([\d;]*)m|([^\x1b]+)/g)) {
    if (text === undefined) {
      apply(codes === '' ? [0] : codes.split(';').map(Number));
      continue;
    }
    const attributes = `${style.bold ? ' font-weight="bold"' : ''}${style.dim ? ' opacity="0.6"' : ''}`;
    spans += `<tspan x="${(16 + column * cell.width).toFixed(1)}" fill="${style.fill}"${attributes}>${asXml(text)}</tspan>`;
    column += [...text].length;
  }
  return `<text y="${34 + row * cell.height}" xml:space="preserve">${spans}</text>`;
});
const width = 32 + 104 * cell.width;
const height = 40 + lines.length * cell.height;
console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" font-family="monospace" font-size="14">
<title>tscompose up on a terminal</title>
<rect width="100%" height="100%" rx="8" fill="#2e3440"/>
${rows.join('\n')}
</svg>`);
