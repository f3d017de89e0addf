// What a script adds to the API reference: operations are found as one types, and an operation is tried without
// leaving the page. The server makes the answer either way; credentials stay in the fields, and nowhere else.
"use strict";

function filterOperations(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const entry of document.querySelectorAll(".operations li")) {
    const content = `${entry.textContent} ${entry.querySelector("a").pathname}`.toLowerCase();
    const group = entry.closest(".operation-tag").querySelector("h3").textContent.toLowerCase();
    entry.hidden = !words.every((word) => content.includes(word) || group.includes(word));
    if (!entry.hidden) count += 1;
  }
  for (const group of document.querySelectorAll("[data-operation-group]")) {
    group.hidden = !group.querySelector(".operations li:not([hidden])");
    if (group.tagName === "DETAILS") group.open = words.length > 0;
  }
  document.querySelector("[data-operation-none]").hidden = count > 0;
  document.querySelector("[data-operation-count]").textContent = `${count} ${count === 1 ? "operation" : "operations"}`;
}

// The list that a search without script made is only a part: the filter begins where all operations are. Somebody may
// have typed before this script had come.
const filter = document.querySelector("[data-operation-filter] input");
if (filter && !filter.defaultValue) {
  filter.addEventListener("input", () => filterOperations(filter.value));
  if (filter.value) filterOperations(filter.value);
}

function replacePart(id, answered) {
  const part = answered.getElementById(id);
  document.getElementById(id).replaceWith(part);
  for (const button of part.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  return part;
}

async function askServer(form, fields) {
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page.getElementById("try")) return page;
  // The session has ended: whoever signs in again comes back here.
  if (answer.redirected) location.assign(answer.url);
  throw new Error(`the server answered with ${answer.status}`);
}

async function tryOperation(form) {
  const secret = form.elements.client_secret.value;
  try {
    const page = await askServer(form, new FormData(form));
    replacePart("code", page);
    const part = replacePart("try", page);
    part.querySelector("form").elements.client_secret.value = secret;
    const wrong = part.querySelector('[aria-invalid="true"]');
    (wrong || part.querySelector("#answer")).focus({ preventScroll: true });
    (wrong || part.querySelector("#answer")).scrollIntoView({ block: wrong ? "center" : "nearest" });
  } catch (error) {
    // Sending once more by ourselves could do the work twice.
    delete form.dataset.sent;
    document.getElementById("answer").textContent =
      `No answer arrived (${error.message}). Whether the request was carried out is not known.`;
  }
}

// The code follows what is typed. The secret has no part in it, and is not sent for it.
let asked = 0;
async function showCode(form) {
  const fields = new FormData(form);
  fields.delete("client_secret");
  fields.set(form.dataset.try, "yes");
  const turn = (asked += 1);
  try {
    const page = await askServer(form, fields);
    if (turn === asked) replacePart("code", page);
  } catch {
    // The code stays as it is; sending will tell what is wrong.
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!("try" in form.dataset) || event.defaultPrevented) return;
  event.preventDefault();
  if (event.submitter && event.submitter.name === form.dataset.try) {
    delete form.dataset.sent;
    showCode(form).then(() => document.getElementById("code").scrollIntoView());
  } else {
    asked += 1;
    tryOperation(form);
  }
});
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && "try" in form.dataset && event.target.name !== "client_secret") showCode(form);
});
