// Addresses of uploaded files as this page reaches them: our own file server through the web site, with the session's cookie.
import { url } from "./dom.js";

const { files, publicFiles } = document.documentElement.dataset;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The link of a stored address; "" for what a browser can't open (s3://…). A data: picture stays as it is. */
export function fileLink(address) {
  if (/^data:image\//.test(address ?? "")) return address;
  let target;
  try {
    target = new URL(address);
  } catch {
    return "";
  }
  if (!/^https?:$/.test(target.protocol)) return "";
  // `href`, not the text: in it `..` is resolved, so that no address climbs out of /files to what the session may call
  if (publicFiles && target.href.startsWith(`${publicFiles}/`)) return url(`/files/${target.href.slice(publicFiles.length + 1)}`);
  const own = target.hostname === location.hostname || (LOOPBACK.has(target.hostname) && LOOPBACK.has(location.hostname));
  return own && target.port === files ? url(`/files${target.pathname}`) : address;
}

const KINDS = { image: /\.(png|jpe?g|gif|webp|bmp|svg|ico|avif|tiff?)$/i, video: /\.(mp4|webm|ogv|mov|m4v)$/i, audio: /\.(wav|mp3|ogg|flac|m4a|aac|opus)$/i, text: /\.(txt|log|json|csv|ya?ml|md)$/i, page: /\.html?$/i };

/** What a file is, by its name: "image", "video", "audio", "text", "page" or "file". */
export function fileKind(address) {
  const path = address.split(/[?#]/)[0];
  return Object.keys(KINDS).find((kind) => KINDS[kind].test(path)) ?? (address.startsWith("data:image") ? "image" : "file");
}
