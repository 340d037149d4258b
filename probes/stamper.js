// Runs in every page, and every page within it, before its own scripts: stamps what appears there, at the moment it is
// put into the document or into an open shadow root.
// `watches` is [{what, selector, each, framed, settles_ms}], most to be told first where several fit one element. With
// `each`, every new element that can be seen is told once, with `settles_ms` only when its words have stood so long;
// else the first that fits is told whenever it appears or its words change. What is told comes in the order of its
// stamps. `pressed` is {selector, framed} of the button by which the customer enters, or null.
((watches, pressed, tellName, stampsMost, htmlMost) => {
  const tell = window[tellName];
  if (!tell) return;
  const isFramed = window !== window.top;
  const mine = watches.filter((watch) => watch.framed === isFramed);
  const nowMs = () => performance.timeOrigin + performance.now();
  const canBeSeen = (element) =>
    element.checkVisibility ? element.checkVisibility({visibilityProperty: true}) : element.getClientRects().length > 0;

  // -- shadow roots: a selector is looked for within each of them by itself
  const roots = [document];
  const all = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)]);
  const childrenOf = (node) =>
    node.shadowRoot ? [...node.shadowRoot.childNodes]
      : node.localName === "slot" && node.assignedNodes().length ? node.assignedNodes() : [...node.childNodes];
  const hasShadow = (element) =>
    roots.length > 1 && (element.shadowRoot || [...element.querySelectorAll("*")].some((e) => e.shadowRoot || e.localName === "slot"));
  const flattened = (node) => { // a copy that holds what is drawn: shadow roots' content in their hosts' place
    const copy = node.cloneNode(false);
    for (const child of childrenOf(node)) if (child.localName !== "style") copy.append(flattened(child));
    return copy;
  };
  const wordsIn = (element) => { // as innerText has them, over shadow roots
    if (element.nodeType === Node.TEXT_NODE) return element.data;
    if (element.nodeType !== Node.ELEMENT_NODE || ["style", "script"].includes(element.localName)) return "";
    return hasShadow(element) ? childrenOf(element).map(wordsIn).join("") : element.innerText ?? element.textContent ?? "";
  };
  const wordsOf = (element) => wordsIn(element).trim();
  const htmlOf = (element) => (hasShadow(element) ? flattened(element) : element).outerHTML;

  // -- telling
  const queue = []; // what was stamped, in order; what has not settled keeps back what came after it
  let stamps = 0;
  const flush = () => { while (queue.length && queue[0].settled) queue.shift().send(); };
  const stamp = (what, atMs, element, settlesMs) => {
    stamps += 1;
    if (stamps > stampsMost) return;
    const entry = {settled: !settlesMs, send: () => tell({
      what, at_ms: atMs, origin_ms: performance.timeOrigin,
      html: element ? htmlOf(element).slice(0, htmlMost) : "", text: element ? wordsOf(element).slice(0, htmlMost) : "",
    })};
    if (what === "pressed") { entry.send(); return; }
    queue.push(entry);
    if (settlesMs) {
      const settle = (words) => setTimeout(() => {
        const now = wordsOf(element);
        if (now !== words && element.isConnected) { settle(now); return; }
        entry.settled = true;
        flush();
      }, settlesMs);
      settle(wordsOf(element));
    }
    flush();
  };

  // An element that takes the place of one with the same words, gone from the document, is that one drawn again.
  const told = mine.map(() => []); // per watch: {element, words} of what was told
  const isNew = (known, element, words) => {
    const redrawn = known.find((other) => other.words === words && !other.element.isConnected);
    if (!redrawn) return true;
    redrawn.element = element;
    return false;
  };

  const look = () => {
    const atMs = nowMs();
    const found = [];
    mine.forEach((watch, rank) => {
      if (watch.each) {
        const before = new Set(told[rank].map((known) => known.element));
        for (const element of all(watch.selector)) {
          if (before.has(element)) continue; // asking for its words would have the page laid out again
          const words = wordsOf(element);
          if ((words || watch.what !== "message") && isNew(told[rank], element, words) && canBeSeen(element)) {
            told[rank].push({element, words});
            found.push({rank, element});
          }
        }
      } else {
        const element = all(watch.selector)[0];
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
    for (const {rank, element} of found) stamp(mine[rank].what, atMs, element, mine[rank].settles_ms);
  };

  if (pressed && pressed.framed === isFramed) {
    document.addEventListener("click", (event) => {
      const clicked = event.composedPath().find((node) => node instanceof Element);
      if (clicked && clicked.closest(pressed.selector)) stamp("pressed", nowMs(), null);
    }, true);
  }
  if (mine.length) {
    const observer = new MutationObserver(look);
    const observe = (root) =>
      observer.observe(root, {subtree: true, childList: true, attributes: true, characterData: true});
    const take = (root) => {
      if (roots.includes(root)) return;
      roots.push(root);
      observe(root);
      look();
    };
    const attachShadow = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (options) {
      const root = attachShadow.call(this, options);
      if (root.mode === "open") take(root);
      return root;
    };
    observe(document);
    document.addEventListener("DOMContentLoaded", () => {
      const declared = (root) => { // roots that stood in the page's own HTML
        for (const element of root.querySelectorAll("*")) {
          if (element.shadowRoot) { take(element.shadowRoot); declared(element.shadowRoot); }
        }
      };
      declared(document);
      look();
    });
  }
})
