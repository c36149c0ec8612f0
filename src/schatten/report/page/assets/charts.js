// Charts by Vega-Lite, in the colours of the page. They are drawn again when light and dark change, or the page's width does.
const dark = matchMedia('(prefers-color-scheme: dark)');
const narrow = matchMedia('(max-width: 40rem)'); // as of a phone: a legend at the side would leave no room for the chart
const drawn = new Map(); // by element: a function that returns the specification

function chartConfig() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const [text, line, ground] = ['--text', '--line', '--ground'].map(colour);
  const titles = {labelColor: text, titleColor: text, labelFontSize: 12, titleFontSize: 12};
  return {
    background: ground, font: 'system-ui, sans-serif', view: {stroke: line}, title: {color: text},
    axis: {...titles, gridColor: line, domainColor: line, tickColor: line},
    legend: {...titles, symbolBaseFillColor: text, symbolBaseStrokeColor: text, ...(narrow.matches ? {orient: 'bottom', direction: 'vertical', columns: 1} : {})},
  };
}

async function draw(place, specification) {
  drawn.set(place, specification);
  const options = {mode: 'vega-lite', actions: false, renderer: 'svg', config: chartConfig(), tooltip: {theme: dark.matches ? 'dark' : 'light'}};
  await window.vegaEmbed(place, specification(), options);
}

for (const one of [dark, narrow]) {
  one.addEventListener('change', () => {
    for (const [place, specification] of drawn) draw(place, specification);
  });
}

// Curves are drawn when they come into sight.
const watcher = new IntersectionObserver((entries) => {
  for (const {isIntersecting, target} of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    draw(target, () => structuredClone(data.curves[target.dataset.curve]));
  }
}, {rootMargin: '300px'});
for (const place of document.querySelectorAll('.curve')) watcher.observe(place);
