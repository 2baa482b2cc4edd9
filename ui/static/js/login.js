// The login page: the user's name and password become a session cookie; so does a one-time link, when its button is pressed.
import { preferences } from "./api.js";
import { find, url } from "./dom.js";

const form = find("#login");
const problem = find("#login-error");

const WRONG_PASSWORD = "The name or the password is wrong.";
const BLOCKED = 31;
const BLOCKED_USER = "This user is blocked. Ask an administrator.";
const SPENT_LINK = "This login link was used before or has expired. Ask an administrator for a new one, or run “trackyard user login-link USER” on the server.";

/** Opens a session and leaves the page; ``refusal`` is told when the credentials are refused. */
async function enter(headers, refusal) {
  const response = await fetch(url("/api/auth.login"), { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", ...headers }, body: "{}" });
  const reply = await response.json().catch(() => null);
  if (response.ok) {
    // the theme that the user chose in another browser
    const { theme } = await preferences();
    if (theme) localStorage.setItem("trackyard.theme", theme);
    return location.replace(url(form.dataset.next));
  }
  const told = reply?.meta?.result_subcode === BLOCKED ? BLOCKED_USER : refusal;
  problem.textContent = response.status === 401 ? told : (reply?.meta?.result_msg ?? "The server can't be reached.");
  problem.hidden = false;
  return undefined;
}

/** Base64 of text in UTF-8, as Basic authentication wants it. */
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  const button = find("button", form);
  button.disabled = true;
  const { user, password } = form.elements;
  try {
    await enter({ Authorization: `Basic ${base64(`${user.value}:${password.value}`)}` }, WRONG_PASSWORD);
  } catch {
    problem.textContent = "The server can't be reached.";
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
});

// by a click only: programs that look into the links of messages would use the link up
find("#use-link")?.addEventListener("click", ({ target }) => {
  target.disabled = true;
  enter({ Authorization: `Bearer ${target.dataset.link}` }, SPENT_LINK);
});
