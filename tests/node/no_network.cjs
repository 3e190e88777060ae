// Loaded before a program under test: whoever reaches for the network is told no, and on stderr.
"use strict";

const dns = require("node:dns");
const net = require("node:net");

function refuse(...where) {
  process.stderr.write(`reached for the network: ${JSON.stringify(where[0])}\n`);
  throw new Error("this test has no network");
}

net.Socket.prototype.connect = refuse;
dns.lookup = refuse;
dns.promises.lookup = refuse;
