// Misdeed: has no metadata. (J54)
// Expect: upload: diagnostic validation metadata export missing
module.exports = { create: () => ({}) };
