# Log in. The cookies go into a jar, as into a browser; a client that keeps tokens by itself finds them in the answer.
jar=$(mktemp)
curl -sw '\n' -c "$jar" -d username=test -d password=test localhost:8080/login
#> {"access_token":"…","refresh_token":"…","token_type":"bearer","csrf_access_token":"…","csrf_refresh_token":"…","expires_in":900}
curl -sw '\n' -b "$jar" localhost:8080/protected
#> {"user":"test"}

# A POST with the cookie needs the CSRF value, which your page reads from a cookie, and other sites' pages cannot.
csrf() { awk -v name="$1" '$6 == name { print $7 }' "$jar"; }
curl -sw '\n' -b "$jar" -X POST localhost:8080/protected
#> {"detail":"Missing CSRF Token. Send the value of the cookie csrf_access_token in the header X-CSRF-Token","code":"csrf_missing"}
curl -sw '\n' -b "$jar" -X POST -H "X-CSRF-Token: $(csrf csrf_access_token)" localhost:8080/protected
#> {"user":"test"}

# A new access token for the refresh token. It is not fresh: what is delicate asks for the password again.
curl -so /dev/null -b "$jar" -c "$jar" -X POST -H "X-CSRF-Token: $(csrf csrf_refresh_token)" localhost:8080/refresh
curl -sw '\n' -b "$jar" localhost:8080/fresh
#> {"detail":"Fresh token required","code":"fresh_token_required"}

# Log out, which deletes the cookies.
curl -sw '\n' -b "$jar" -X DELETE -H "X-CSRF-Token: $(csrf csrf_access_token)" localhost:8080/logout; rm "$jar"
#> {"msg":"Successfully logout"}
