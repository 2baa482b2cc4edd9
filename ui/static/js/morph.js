// Makes one element tree equal to another and touches only what differs, so that focus, selection and scroll stay.

const key = (node) => (node.nodeType === 1 ? node.id || node.dataset?.key || "" : "");
const same = (left, right) => left.nodeType === right.nodeType && left.nodeName === right.nodeName && key(left) === key(right);

function attributes(left, right) {
  for (const { name } of [...left.attributes]) if (!right.hasAttribute(name) && !name.startsWith("data-js-")) left.removeAttribute(name);
  for (const { name, value } of right.attributes) if (left.getAttribute(name) !== value) left.setAttribute(name, value);
}

function children(left, right) {
  let at = left.firstChild;
  for (const next of [...right.childNodes]) {
    const match = at && same(at, next) ? at : seek(at, next);
    if (!match) left.insertBefore(document.adoptNode(next), at);
    else {
      if (match !== at) left.insertBefore(match, at);
      else at = at.nextSibling;
      morph(match, next);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function seek(from, wanted) {
  if (!key(wanted)) return null;
  for (let node = from; node; node = node.nextSibling) if (same(node, wanted)) return node;
  return null;
}

/** Makes `left` (in the page) equal to `right`. Elements with `data-keep` are left to their script. */
export function morph(left, right) {
  if (left.nodeType !== 1) {
    if (left.nodeValue !== right.nodeValue) left.nodeValue = right.nodeValue;
    return;
  }
  if (left.hasAttribute("data-keep") || left.isEqualNode(right)) return;
  const open = left.nodeName === "DETAILS" && left.open;
  attributes(left, right);
  if (open) left.open = true;
  children(left, right);
}
