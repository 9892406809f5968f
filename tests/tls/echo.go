// An HTTP server over TLS 1.3 that answers with the body of the request: echo PORT CHAIN KEY CLIENTS ...; CLIENTS has the
// certificates that it demands, "-" for none.
package main

import (
	"crypto/tls"
	"crypto/x509"
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

func config(clients string) *tls.Config {
	if clients == "-" {
		return &tls.Config{MinVersion: tls.VersionTLS13}
	}
	pem, err := os.ReadFile(clients)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
}

func main() {
	failed := make(chan error)
	for at := 1; at+3 < len(os.Args); at += 4 {
		server := &http.Server{
			Addr:      "127.0.0.1:" + os.Args[at],
			Handler:   http.HandlerFunc(echo),
			TLSConfig: config(os.Args[at+3]),
		}
		go func(chain, key string) { failed <- server.ListenAndServeTLS(chain, key) }(os.Args[at+1], os.Args[at+2])
	}
	log.Fatal(<-failed)
}
