// Misdeed: recurses without end while the module is loaded. (J06)
// Expect: upload: diagnostic execute RangeError
const deeper = () => 1 + deeper();
deeper();
