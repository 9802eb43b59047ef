// Misdeed: exports nothing. (existing test case 18)
// Expect: upload: diagnostic validation
module.exports = null;
