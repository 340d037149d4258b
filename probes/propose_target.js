// Looks at a page for `probes.propose_target`: its forms with their fields, its chat if it has one. Changes nothing.
() => {
  const FIELDS_MOST = 100, FORMS_MOST = 30, CHOICES_MOST = 30;
  const only = (selector) => document.querySelectorAll(selector).length === 1;
  const words = (text) => (text ?? "").replace(/\s+/g, " ").trim().slice(0, 120);

  // The shortest selector that means this element alone.
  const selectorOf = (element) => {
    if (element.id && only("#" + CSS.escape(element.id))) return "#" + CSS.escape(element.id);
    const tag = element.tagName.toLowerCase();
    for (const name of ["name", "role", "aria-label", "title", "type", "action"]) {
      const value = element.getAttribute(name);
      const selector = value ? tag + "[" + name + "=" + JSON.stringify(value) + "]" : null;
      if (selector && only(selector)) return selector;
    }
    if (only(tag)) return tag;
    if (!element.parentElement) return tag;
    const alike = [...element.parentElement.children].filter((other) => other.tagName === element.tagName);
    const own = alike.length > 1 ? tag + ":nth-of-type(" + (alike.indexOf(element) + 1) + ")" : tag;
    return selectorOf(element.parentElement) + " > " + own;
  };

  const labelOf = (field) => {
    const named = (field.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean)
      .map((id) => document.getElementById(id)?.innerText).join(" ");
    const label = field.labels?.[0]?.cloneNode(true);
    label?.querySelectorAll("select, option, textarea").forEach((part) => part.remove());
    return words(field.getAttribute("aria-label") || named || label?.textContent || field.placeholder || field.title);
  };

  const fieldOf = (field) => ({
    selector: selectorOf(field), tag: field.tagName.toLowerCase(), name: field.name ?? "", label: labelOf(field),
    type: field.tagName === "INPUT" ? field.type : field.tagName.toLowerCase(), required: Boolean(field.required),
    choices: [...(field.options ?? [])].filter((o) => o.value !== "" && !o.disabled).slice(0, CHOICES_MOST)
      .map((o) => words(o.label)),
  });

  const BUTTONS = "button:not([type=button]):not([type=reset]), input[type=submit], input[type=image]";
  const fieldsIn = (place) => [...place.querySelectorAll("input, select, textarea")]
    .filter((field) => !["submit", "button", "reset", "image"].includes(field.type)).slice(0, FIELDS_MOST);
  const forms = [...document.forms].slice(0, FORMS_MOST).map((form) => ({
    selector: selectorOf(form), role: form.getAttribute("role") ?? "", fields: fieldsIn(form).map(fieldOf),
    submits: [...form.querySelectorAll(BUTTONS)].map(selectorOf),
  }));

  // A chat: somewhere that tells what is new, with a box to write in and a button near it.
  const LIVE = "[role=log], [aria-live]:not([aria-live=off]), [role=feed]";
  const BOXES = "input:not([type]), input[type=text], textarea, [role=textbox], [contenteditable=true]";
  const chatIn = (live) => {
    for (let place = live, up = 0; place && place !== document.body && up < 4; place = place.parentElement, up += 1) {
      const box = place.querySelector(BOXES);
      const button = place.querySelector("button, input[type=submit], [role=button]");
      if (!box || !button) continue;
      const form = box.closest("form");
      const fields = form ? fieldsIn(form).filter((field) => field.type !== "hidden") : [];
      if (fields.length > 1) return null; // one writes more than one thing: a form with a live region for its faults
      const inner = live.contains(box)
        ? [...live.children].find((e) => !e.contains(box) && /log|message|list|feed/i.test(e.id + " " + e.className)) ?? live
        : live;
      const opener = [...document.querySelectorAll("button, [role=button]")]
        .find((e) => e !== button && /chat/i.test(e.innerText + " " + (e.getAttribute("aria-label") ?? "")));
      return {
        input: selectorOf(box), send: selectorOf(form?.querySelector(BUTTONS) ?? button), log: selectorOf(inner),
        form: form ? selectorOf(form) : "", opener: opener ? selectorOf(opener) : null,
      };
    }
    return null;
  };
  // Without such a place: a box that asks for a message, what stands before it, and a button behind it if there is one.
  const ASKS = /message|nachricht|messaggio|mesaj|ask (me|us)|write to us|type (here|your)|رسال/i;
  const loneBox = () => {
    const asks = (e) => ASKS.test([e.placeholder, e.getAttribute("aria-label"), e.dataset?.placeholder].join(" "));
    const box = [...document.querySelectorAll(BOXES)].find((e) => asks(e) && (!e.form || (!e.form.hasAttribute("action") && fieldsIn(e.form).length < 2)));
    if (!box) return null;
    let place = box.parentElement;
    while (place.parentElement !== document.body && place.parentElement && !place.previousElementSibling) {
      place = place.parentElement;
    }
    const near = box.form ?? box.parentElement;
    const button = near.querySelector("button, input[type=submit], [role=button]") ??
      near.parentElement?.querySelector("button, [role=button]");
    return {
      input: selectorOf(box), send: button ? selectorOf(button) : null, form: box.form ? selectorOf(box.form) : "",
      log: selectorOf(place.previousElementSibling ?? document.body), opener: null,
    };
  };
  const chat = [...document.querySelectorAll(LIVE)].map(chatIn).find((found) => found !== null) ?? loneBox();

  const here = location.pathname.replace(/\/$/, "") + "/";
  const below = here === "/" ? 0 : [...document.links]
    .filter((link) => link.origin === location.origin && link.pathname.startsWith(here) && link.pathname !== here).length;
  const frames = [...document.querySelectorAll("iframe")].slice(0, FORMS_MOST).map(selectorOf);
  const openers = [...document.querySelectorAll("button, [role=button]")]
    .filter((e) => /chat/i.test(e.innerText + " " + (e.getAttribute("aria-label") ?? ""))).map(selectorOf);
  return {title: words(document.title), forms, chat, below, frames, openers};
}
