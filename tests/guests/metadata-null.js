// Misdeed: has metadata that is null. (J54)
// Expect: upload: diagnostic validation
module.exports = { metadata: null, create: () => ({}) };
