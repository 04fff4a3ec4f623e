/**
 * The definition of a term, shown where it is used: while the pointer is on it or on the tip, while
 * it has the focus, and after a tap. Escape closes it. Without this, a term is a link to the
 * glossary.
 */

let count = 0;

function explain(link: HTMLAnchorElement): void {
  const tip = document.createElement('span');
  const more = document.createElement('a');
  count += 1;
  tip.id = `tip-${String(count)}`;
  tip.className = 'term-tip not-content';
  tip.role = 'tooltip';
  tip.popover = 'manual';
  tip.textContent = `${link.dataset['definition'] ?? ''} `;
  more.href = link.href;
  more.textContent = 'Glossary';
  // A keyboard already has the link on the term itself.
  more.tabIndex = -1;
  tip.append(more);
  link.after(tip);
  link.setAttribute('aria-describedby', tip.id);

  let closing: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    clearTimeout(closing);
    for (const other of document.querySelectorAll<HTMLElement>('.term-tip:popover-open'))
      if (other !== tip) other.hidePopover();
    tip.showPopover();
    place(tip, link);
  };
  const close = (): void => {
    clearTimeout(closing);
    tip.hidePopover();
  };
  // Time to move the pointer from the term to the tip.
  const closeSoon = (): void => {
    closing = setTimeout(close, 200);
  };
  for (const element of [link, tip]) {
    element.addEventListener('pointerenter', ({ pointerType }) => {
      if (pointerType === 'mouse') open();
    });
    element.addEventListener('pointerleave', ({ pointerType }) => {
      if (pointerType === 'mouse') closeSoon();
    });
  }
  link.addEventListener('focus', () => {
    if (link.matches(':focus-visible')) open();
  });
  link.addEventListener('blur', closeSoon);
  // The first tap shows the definition. The tip leads on.
  link.addEventListener('click', (event) => {
    if (!(event instanceof PointerEvent) || event.pointerType === 'mouse') return;
    if (event.pointerType === '') return;
    event.preventDefault();
    open();
  });
  addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') close();
  });
  addEventListener('scroll', close, { passive: true });
  addEventListener('pointerdown', ({ target }) => {
    if (target instanceof Node && !tip.contains(target) && !link.contains(target)) close();
  });
}

/** Below the term, or above it where there is no room; never beyond the window. */
function place(tip: HTMLElement, link: HTMLElement): void {
  const [at = link.getBoundingClientRect()] = link.getClientRects();
  const { width, height } = tip.getBoundingClientRect();
  const isBelow = at.bottom + height + gap < innerHeight;
  tip.style.top = `${String(isBelow ? at.bottom + gap / 2 : at.top - height - gap / 2)}px`;
  const most = document.documentElement.clientWidth - width - gap;
  tip.style.left = `${String(Math.max(gap, Math.min(at.left, most)))}px`;
}

const gap = 8;

for (const link of document.querySelectorAll<HTMLAnchorElement>('a.term')) explain(link);

// Nothing is exported, and still it is a module: a page imports it when it has terms.
export {};
