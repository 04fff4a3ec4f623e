// Before the page is drawn: the theme that was chosen on any page of the site.
(() => {
  let chosen = '';
  try {
    chosen = localStorage.getItem('starlight-theme') || '';
  } catch {
    // The browser keeps nothing for this site.
  }
  const isLight = chosen ? chosen === 'light' : matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = isLight ? 'light' : 'dark';
})();
