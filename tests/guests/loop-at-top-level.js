// Misdeed: never comes to the end of its top-level code. (J01)
// Expect: upload: diagnostic execute fuel_exhausted
while (true) {}
