/** The theme: the same stored choice as on the other pages of the site. */
import { choose, setOptions } from './dom.ts';

/** Starlight keeps `light` or `dark` here, and nothing for that of the system. */
const key = 'starlight-theme';
const light = matchMedia('(prefers-color-scheme: light)');

/** Undefined where the browser keeps nothing for this site. */
const storage = ((): Storage | undefined => {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
})();

const stored = (): 'light' | 'dark' | 'auto' => {
  const value = storage?.getItem(key);
  return value === 'light' || value === 'dark' ? value : 'auto';
};

function apply(): void {
  const theme = stored();
  document.documentElement.dataset['theme'] =
    theme === 'auto' ? (light.matches ? 'light' : 'dark') : theme;
}

/** The control, which also follows the system and the other tabs of the site. */
export function themeChoice(): HTMLElement {
  const { label, select } = choose('Theme', {}, (value) => {
    storage?.setItem(key, value === 'auto' ? '' : value);
    apply();
  });
  label.className = 'theme';
  const show = (): void => {
    setOptions(
      select,
      [
        ['auto', 'Auto'],
        ['light', 'Light'],
        ['dark', 'Dark'],
      ],
      stored(),
    );
    apply();
  };
  light.addEventListener('change', apply);
  addEventListener('storage', show);
  show();
  return label;
}
