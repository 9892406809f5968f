// An HTTP server over TLS 1.3 that answers with the body of the request: echo PORT CHAIN KEY [PORT CHAIN KEY ...].
package main

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
)

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		log.Fatal(err)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

func main() {
	failed := make(chan error)
	for at := 1; at+2 < len(os.Args); at += 3 {
		server := &http.Server{
			Addr:      "127.0.0.1:" + os.Args[at],
			Handler:   http.HandlerFunc(echo),
			TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13},
		}
		go func(chain, key string) { failed <- server.ListenAndServeTLS(chain, key) }(os.Args[at+1], os.Args[at+2])
	}
	log.Fatal(<-failed)
}
