// Runs in every page before its own scripts: stamps what appears there, at the moment it is put into the document.
// `watches` is [{what, selector, each}], most to be told first where several fit one element. With `each`, every new
// element that can be seen is told once; else the first that fits is told whenever it appears or its words change.
// `pressed` is the selector of the button by which the customer enters, or null.
((watches, pressed, tellName, stampsMost, htmlMost) => {
  const tell = window[tellName];
  if (!tell) return;
  const nowMs = () => performance.timeOrigin + performance.now();
  const wordsOf = (element) => (element.innerText ?? element.textContent ?? "").trim();
  const canBeSeen = (element) =>
    element.checkVisibility ? element.checkVisibility({visibilityProperty: true}) : element.getClientRects().length > 0;
  const told = watches.map(() => []); // per watch: {element, words} of what was told
  let stamps = 0;

  const stamp = (what, atMs, element) => {
    stamps += 1;
    if (stamps > stampsMost) return;
    tell({
      what, at_ms: atMs, origin_ms: performance.timeOrigin, last: stamps === stampsMost,
      html: element ? element.outerHTML.slice(0, htmlMost) : "", text: element ? wordsOf(element).slice(0, htmlMost) : "",
    });
  };

  // An element that takes the place of one with the same words, gone from the document, is that one drawn again.
  const isNew = (known, element, words) => {
    if (known.some((other) => other.element === element)) return false;
    const redrawn = known.find((other) => other.words === words && !other.element.isConnected);
    if (!redrawn) return true;
    redrawn.element = element;
    return false;
  };

  const look = () => {
    const atMs = nowMs();
    const found = [];
    watches.forEach((watch, rank) => {
      if (watch.each) {
        for (const element of document.querySelectorAll(watch.selector)) {
          const words = wordsOf(element);
          if ((words || watch.what !== "message") && isNew(told[rank], element, words) && canBeSeen(element)) {
            told[rank].push({element, words});
            found.push({rank, element});
          }
        }
      } else {
        const element = document.querySelector(watch.selector);
        const words = element && canBeSeen(element) ? wordsOf(element) : null;
        const before = told[rank].length ? told[rank][0].words : null;
        if (words !== before) told[rank] = words === null ? [] : [{element, words}];
        if (words !== before && words !== null) found.push({rank, element});
      }
    });
    found.sort((a, b) => {
      if (a.element === b.element) return a.rank - b.rank;
      return a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
    });
    for (const {rank, element} of found) stamp(watches[rank].what, atMs, element);
  };

  if (pressed) {
    document.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest(pressed)) stamp("pressed", nowMs(), null);
    }, true);
  }
  if (watches.length) {
    new MutationObserver(look).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    document.addEventListener("DOMContentLoaded", look);
  }
})
