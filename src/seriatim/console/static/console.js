// What a script adds to pages that work without one: the theme changes at once, secrets and code can be copied,
// menus close when one looks elsewhere, and a form is sent once however often its button is pressed.
"use strict";

const YEAR_SECONDS = 365 * 24 * 3600;

function currentTheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function toggleTheme(event) {
  event.preventDefault();
  const theme = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `seriatim_theme=${theme}; path=/console; max-age=${YEAR_SECONDS}; samesite=lax${secure}`;
}

async function copy(button) {
  const box = button.closest(".copyable, .code-box");
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(box.querySelector("[data-copy-source]").textContent);
    label.textContent = "Copied";
  } catch {
    window.getSelection().selectAllChildren(box.querySelector("[data-copy-source]"));
    label.textContent = "Selected";
  }
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) button.addEventListener("click", toggleTheme);
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.switcher[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.switcher[open], details.top[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Whoever has to look at a form again begins where something is wrong.
document.querySelector("input[aria-invalid], select[aria-invalid], textarea[aria-invalid]")?.focus();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
// Whoever comes back to the page may send the form again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// Numbering: while somebody types, the server is asked what would come of it, and its slots are filled anew.
const PREVIEW_AFTER_MILLISECONDS = 250;

function fillSlots(form, page) {
  for (const slot of page.querySelectorAll("[data-slot]")) {
    const place = form.querySelector(`[data-slot="${CSS.escape(slot.dataset.slot)}"]`);
    if (place) place.replaceChildren(...slot.childNodes);
  }
  for (const input of form.querySelectorAll("input[aria-describedby]")) {
    const slot = form.querySelector(`[data-slot="${CSS.escape(input.name)}"]`);
    if (slot && slot.childElementCount) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

function previewWhileTyping(form) {
  let timer;
  let asked;
  async function ask() {
    asked?.abort();
    asked = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("intent", "slots");
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, signal: asked.signal });
      if (answer.ok && !answer.redirected) {
        fillSlots(form, new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      // A later question has taken the place of this one, or the server is away: saving will tell.
    }
  }
  form.querySelector("[data-preview-button]").hidden = true;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PREVIEW_AFTER_MILLISECONDS);
  });
}

for (const form of document.querySelectorAll("form[data-preview]")) previewWhileTyping(form);

// Documents: lines are added in place. Without this the same button asks the server for a longer form.
function addLine(event) {
  event.preventDefault();
  const button = event.currentTarget;
  const lines = button.form.querySelector("[data-lines]");
  const rows = lines.querySelectorAll("[data-line]");
  const place = rows.length;
  const row = rows[place - 1].cloneNode(true);
  for (const input of row.querySelectorAll("input")) {
    const part = input.name.slice(input.name.lastIndexOf(".") + 1);
    input.name = `lines[${place}].${part}`;
    input.id = `line-${place}-${part}`;
    input.value = "";
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    const label = input.parentElement.querySelector("label");
    label.htmlFor = input.id;
    label.querySelector(".visually-hidden").textContent = ` of line ${place + 1}`;
    input.parentElement.querySelector(".field-error")?.remove();
  }
  lines.append(row);
  row.querySelector("input").focus();
  button.hidden = place + 1 >= Number(lines.dataset.linesMax);
}
for (const button of document.querySelectorAll("[data-add-line]")) button.addEventListener("click", addLine);
