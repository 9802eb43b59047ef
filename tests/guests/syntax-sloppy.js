// Misdeed: assigns to a variable that does not exist; all code is strict.
// Expect: upload: diagnostic execute ReferenceError (line 3)
undeclared = 1;
