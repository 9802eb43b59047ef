// Misdeed: allocates without end while the module is loaded. (J15)
// Expect: upload: diagnostic execute
const hoard = [];
while (true) hoard.push(new Uint8Array(1 << 20));
