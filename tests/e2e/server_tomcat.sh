#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Tomcat, through its manager, which answers OK whatever becomes of it: with
# a key of another certificate it presents the new one and completes no
# handshake.
. "$(dirname "$0")/products.sh"
needs java
home=/usr/share/tomcat10
manager=/usr/share/tomcat10-admin/manager
[ -d "$home/lib" ] && [ -d "$manager" ] || skip_all "tomcat10 and its manager are not installed"
free_port admin
mkdir -p tomcat/{conf/Catalina/localhost,logs,temp,work,webapps}
cat >tomcat/conf/server.xml <<-END
<Server port="-1">
  <Service name="Catalina">
    <Connector port="$admin" address="127.0.0.1" />
    <Connector port="$port" address="127.0.0.1" SSLEnabled="true" scheme="https" secure="true">
      <SSLHostConfig>
        <Certificate certificateFile="$work/tls/site/fullchain.pem" certificateKeyFile="$work/tls/live.key" />
      </SSLHostConfig>
    </Connector>
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.MemoryRealm" />
      <Host name="localhost" appBase="webapps" />
    </Engine>
  </Service>
</Server>
END
cat >tomcat/conf/tomcat-users.xml <<-END
<tomcat-users><user username="certfleet" password="manages" roles="manager-script" /></tomcat-users>
END
echo '<web-app />' >tomcat/conf/web.xml
echo "<Context docBase=\"$manager\" privileged=\"true\" />" >tomcat/conf/Catalina/localhost/manager.xml
cat >reload.py <<-END
import base64, sys, urllib.request
request = urllib.request.Request("http://127.0.0.1:$admin/manager/text/sslReload")
request.add_header("Authorization", "Basic " + base64.b64encode(b"certfleet:manages").decode())
answer = urllib.request.urlopen(request, timeout=20).read().decode()
print(answer)
sys.exit(not answer.startswith("OK"))
END
echo 'python3 reload.py' >reload.sh
ln -s site/key.pem tls/live.key
java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir="$work/tomcat/temp" \
	-Dcatalina.home="$home" -Dcatalina.base="$work/tomcat" \
	-cp "$home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar" \
	org.apache.catalina.startup.Bootstrap start >run/site.log 2>&1 &
pids+=("$!")
for _ in 1 2 3; do wait_port "$port" && break; done
activate='{command: [sh, reload.sh]}'

# The key that it reads is no longer the one that is delivered.
lies() {
	rm tls/live.key
	cp -L tls/site/key.pem tls/live.key
	expiry=5s write_fleet "$activate"
	offer fifth
	puts_back "a reload that was OK but broke the port" "does not answer: TLS handshake"
	ln -sf site/key.pem tls/live.key
}
trial
