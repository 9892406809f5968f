// An HTTP server over TLS 1.3 that answers with the body of the request: java Echo.java PORT CHAIN KEY CLIENTS ...; CLIENTS has the
// certificates that it demands, "-" for none.
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

public class Echo {
  private static final char[] NO_PASSWORD = new char[0];

  /** Read a PKCS #8 key whose algorithm is that of the leaf. */
  private static PrivateKey readKey(String file, String algorithm) throws Exception {
    String text = Files.readString(Path.of(file)).replaceAll("-----[^-]*-----|\\s", "");
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }

  private static Certificate[] readCertificates(String file) throws Exception {
    byte[] pem = Files.readAllBytes(Path.of(file));
    return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)).toArray(new Certificate[0]);
  }

  private static TrustManagerFactory trustOf(String file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    for (Certificate one : readCertificates(file)) store.setCertificateEntry("client " + store.size(), one);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    return trust;
  }

  private static SSLContext contextOf(String chainFile, String keyFile, String clients) throws Exception {
    Certificate[] chain = readCertificates(chainFile);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    store.setKeyEntry("own", readKey(keyFile, chain[0].getPublicKey().getAlgorithm()), NO_PASSWORD, chain);
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, NO_PASSWORD);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys.getKeyManagers(), clients.equals("-") ? null : trustOf(clients).getTrustManagers(), null);
    return context;
  }

  private static void echo(HttpExchange exchange) throws java.io.IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  public static void main(String[] args) throws Exception {
    for (int at = 0; at + 3 < args.length; at += 4) {
      boolean demands = !args[at + 3].equals("-");
      HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[at])), 0);
      server.setHttpsConfigurator(new HttpsConfigurator(contextOf(args[at + 1], args[at + 2], args[at + 3])) {
        @Override
        public void configure(HttpsParameters parameters) {
          SSLParameters of = getSSLContext().getDefaultSSLParameters();
          of.setNeedClientAuth(demands);
          parameters.setSSLParameters(of);
        }
      });
      server.createContext("/", Echo::echo);
      server.start();
    }
  }
}
